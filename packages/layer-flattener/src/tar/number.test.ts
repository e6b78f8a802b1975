import { test as property } from "@fast-check/vitest";
import { fc } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { parseDecimal, parseNumberField } from "./number.ts";

const field = (text: string): Buffer => Buffer.from(text, "latin1");
const parse = (text: string): number | undefined => parseNumberField(field(text), 0, text.length);

test.each([
  ["0000644\0", 0o644],
  ["   644 \0", 0o644],
  ["644\0\0\0\0\0", 0o644],
  ["77777777777\0", 8 ** 11 - 1],
  ["777777777777", 8 ** 12 - 1],
  ["\0\0\0\0\0\0\0\0", 0],
  ["        ", 0],
])("octal digits among blanks and NULs: %j is %i", (text, value) => {
  expect(parse(text)).toBe(value);
});

test.each(["0000648\0", "12 34   ", "-1      ", "0x10    ", "64\x004   "])("%j is no number", (text) => {
  expect(parse(text)).toBeUndefined();
});

test.each([
  ["\x80\0\0\0\0\0\0\x01", 1],
  ["\x80\0\0\0\0\0\x01\0\0\0\0\0", 2 ** 40],
  ["\xff\xff\xff\xff\xff\xff\xff\xff", -1],
  ["\xff\xff\xff\xff\xff\xff\xff\0", -256],
  ["\x80\0\0\0\0\x1f\xff\xff\xff\xff\xff\xff", Number.MAX_SAFE_INTEGER],
])("base 256: %j is %i", (text, value) => {
  expect(parse(text)).toBe(value);
});

test.each(["\x80\0\0\0\0\x20\0\0\0\0\0\0", "\xbf\xff\xff\xff\xff\xff\xff\xff", "\xc0\0\0\0\0\0\0\0\0\0\0\0"])(
  "base 256 beyond what a number holds exactly (%j) is no number",
  (text) => {
    expect(parse(text)).toBeUndefined();
  },
);

property.prop([fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })])(
  "every safe integer survives base 256 in 12 bytes",
  (value) => {
    const bytes = Buffer.alloc(12, value < 0 ? 0xff : 0);
    bytes.writeBigInt64BE(BigInt(value), 4);
    if (value >= 0) bytes[0] = 0x80;
    expect(parseNumberField(bytes, 0, 12)).toBe(value);
  },
);

test.each(["", "-1", "+1", "1.0", "1e3", " 1", "0x1", "9007199254740992", "99999999999999999999"])(
  "decimal %j is no number",
  (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  },
);
