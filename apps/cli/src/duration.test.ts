import { expect, test } from "vitest";
import { parseDuration } from "./duration.ts";

test.each([
  ["0", 0],
  ["90", 90_000],
  ["90s", 90_000],
  ["10m", 600_000],
  ["24h", 86_400_000],
  ["7d", 604_800_000],
])("%s is %i milliseconds", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each(["", "-1", "1.5h", "1w", "h", "1 h", "99999999999"])("%j is no duration", (text) => {
  expect(() => parseDuration(text)).toThrow(SyntaxError);
});
