import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { byteEntropy } from "./byte-entropy.ts";

test("bytes of one value have none, all values as often as each other eight bits", () => {
  expect(byteEntropy(Buffer.alloc(2 ** 17, 7))).toBe(0);
  expect(byteEntropy(Buffer.from(Uint8Array.from({ length: 2 ** 17 }, (_, at) => at)))).toBe(8);
  expect(byteEntropy(randomBytes(2 ** 17))).toBeGreaterThan(7.98);
});

test("two values as often as each other have one bit, whatever their order", () => {
  const halves = Buffer.from(Uint8Array.from({ length: 2 ** 17 }, (_, at) => at & 1));
  expect(byteEntropy(halves)).toBe(1);
});

test("a block may be of any length", () => {
  expect(byteEntropy(new Uint8Array())).toBe(0);
  expect(byteEntropy(Buffer.from("ab"))).toBe(1);
  expect(
    byteEntropy(Buffer.from(Uint8Array.from({ length: 4098 }, (_, at) => (at < 4096 ? 0 : at)))),
  ).toBeGreaterThan(0);
});
