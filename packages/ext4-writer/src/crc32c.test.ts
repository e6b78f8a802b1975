import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { crc32c, crc32cStart } from "./crc32c.ts";

test("the check value of CRC-32C, before its last inversion", () => {
  expect(crc32c(crc32cStart, Buffer.from("123456789"))).toBe(0x1cf96d7c);
});

test.prop([fc.uint8Array({ maxLength: 200 }), fc.nat(200)])(
  "a checksum goes on where another stopped",
  (bytes, cut) => {
    const all = Buffer.from(bytes);
    const middle = Math.min(cut, all.length);
    const first = crc32c(crc32cStart, all, 0, middle);
    expect(crc32c(first, all, middle)).toBe(crc32c(crc32cStart, all));
  },
);

test.prop([fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 0, max: 0xffff_ffff })])(
  "eight bytes at a time give what one bit at a time gives",
  (bytes, start) => {
    let expected = start;
    for (const byte of bytes) {
      expected ^= byte;
      for (let bit = 0; bit < 8; bit++)
        expected = expected & 1 ? (expected >>> 1) ^ 0x82f63b78 : expected >>> 1;
    }
    expect(crc32c(start, Buffer.from(bytes))).toBe(expected >>> 0);
  },
);
