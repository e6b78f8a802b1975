import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { byteString, byteStringOf, bytesOf, compareByteStrings, displayText } from "./index.ts";

const anyBytes = fc.uint8Array({ maxLength: 40 });
/** Any bytes, and text of all planes, which random bytes seldom are. */
const anyName = fc.oneof(
  anyBytes.map((bytes) => byteStringOf(bytes)),
  fc.string({ unit: "binary" }).map((text) => byteString(text)),
);

property.prop([anyBytes])("bytes go in and come out as they are", (bytes) => {
  expect([...bytesOf(byteStringOf(bytes))]).toEqual([...bytes]);
});

test("bytes are taken from a view alone, not from the memory around it", () => {
  expect(byteStringOf(Buffer.from("abcdef").subarray(2, 4))).toBe("cd");
});

property.prop([fc.string({ unit: "binary" })])("a text becomes its UTF-8 bytes", (text) => {
  expect(Buffer.from(text).equals(bytesOf(byteString(text)))).toBe(true);
});

property.prop([anyBytes, anyBytes])("names are ordered by their bytes, unsigned", (a, b) => {
  expect(Math.sign(compareByteStrings(byteStringOf(a), byteStringOf(b)))).toBe(Buffer.compare(a, b));
});

test.for([
  ["plain text", byteString("etc/os-release"), "etc/os-release"],
  ["UTF-8", byteString("Größe 東京 🚀"), "Größe 東京 🚀"],
  ["bytes that are no UTF-8", byteStringOf(Buffer.from([0x61, 0xff, 0x62])), "a\\xffb"],
  ["UTF-8 beside bytes that are none", byteStringOf(Buffer.from([0xc3, 0xa9, 0xff])), "\\xc3\\xa9\\xff"],
  ["a surrogate in UTF-8 form", byteStringOf(Buffer.from([0xed, 0xa0, 0x80])), "\\xed\\xa0\\x80"],
  ["an overlong form", byteStringOf(Buffer.from([0xc0, 0xaf])), "\\xc0\\xaf"],
  ["a new line", byteString("a\nb"), "a\\x0ab"],
  ["an escape sequence", byteString("\u001b[2J"), "\\x1b[2J"],
  ["a backslash, so that no name looks like an escaped one", byteString("\\x0a"), "\\x5cx0a"],
  ["a control character of two bytes", byteString("\u009b"), "\\xc2\\x9b"],
  ["a mark that turns the direction of text", byteString("\u202egpj.exe"), "\\xe2\\x80\\xaegpj.exe"],
  ["a line separator", byteString("a\u2028b"), "a\\xe2\\x80\\xa8b"],
  ["NUL and DEL", byteStringOf(Buffer.from([0, 0x7f])), "\\x00\\x7f"],
] as const)("%s is shown so that a person can read it", ([, name, shown]) => {
  expect(displayText(name)).toBe(shown);
});

property.prop([anyName])("what is shown has neither control nor format characters", (name) => {
  expect(displayText(name)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});

property.prop([anyName])("what is shown says exactly which bytes the name has", (name) => {
  const shown = Buffer.from(displayText(name)).toString("latin1");
  const read = shown.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number(`0x${hex}`)),
  );
  expect(read).toBe(name);
});
