import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { parseErrorBody } from "./error-response.ts";

function said(value: unknown, secrets: readonly string[] = []): string {
  return parseErrorBody(Buffer.from(JSON.stringify(value)), secrets);
}

describe("what a server says about an error", () => {
  test.each([
    ["in a registry's form", { errors: [{ code: "DENIED", message: "no" }] }, "DENIED: no"],
    ["with a code alone", { errors: [{ code: "DENIED" }] }, "DENIED"],
    ["with members of a wrong type", { errors: [{ code: 1, message: "no" }] }, "no"],
    ["in OAuth's form", { error: "invalid_grant", error_description: "old" }, "invalid_grant: old"],
    ["as details", { details: "incorrect username or password" }, "incorrect username or password"],
    ["without errors", { errors: [] }, ""],
    ["as a text", "no", ""],
    ["as null", null, ""],
  ])("%s is read", (_, value, expected) => {
    expect(said(value)).toBe(expected);
  });

  test("is on one line and steers no terminal", () => {
    expect(said({ errors: [{ code: "A\u001b[31m", message: "b\r\nc\u202ed" }] })).toBe("A [31m: b c d");
  });

  test("is cut to a length that can be read", () => {
    expect(said({ errors: [{ message: "x".repeat(10_000) }] })).toHaveLength(500);
  });

  test("does not repeat a secret that the request carried", () => {
    expect(said({ errors: [{ message: "your token hunter2 is bad" }] }, ["hunter2"])).toBe(
      "your token [secret] is bad",
    );
  });
});

test.prop([
  fc.oneof(
    fc.uint8Array(),
    fc.json().map((json) => Buffer.from(json)),
  ),
])("whatever the body, it gives a short text without control characters", (body) => {
  const text = parseErrorBody(body, []);
  expect(text.length).toBeLessThanOrEqual(500);
  expect(text).not.toMatch(/\p{Cc}/u);
});
