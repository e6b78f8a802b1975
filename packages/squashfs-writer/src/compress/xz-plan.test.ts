import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { xzPreset } from "./xz-preset.ts";

const text = Buffer.from("the quick brown fox jumps over the lazy dog\n".repeat(2000));
/** Bytes of which each holds four bits. */
const halfRandom = randomBytes(65_536).map((byte) => byte & 0x0f);

test("long matches are looked for where there are many", () => {
  expect(xzPreset(6, text)).toBe(5);
  expect(xzPreset(6, halfRandom)).toBe(4);
});

test("what does not shrink is not tried", () => {
  expect(xzPreset(6, randomBytes(65_536))).toBeUndefined();
});

test("a preset other than the default is taken at its word", () => {
  for (const preset of [0, 1, 2, 3, 4, 5, 7, 8, 9])
    for (const block of [text, halfRandom, randomBytes(4096)]) expect(xzPreset(preset, block)).toBe(preset);
});
