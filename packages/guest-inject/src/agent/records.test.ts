import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { decodeRecords, encodeRecords } from "./records.ts";

const name = fc.stringMatching(/^[a-z][a-z-]{0,9}$/);
const field = fc.uint8Array({ min: 1, maxLength: 20 });

test.prop([fc.array(fc.tuple(name, fc.array(field, { maxLength: 4 })), { maxLength: 6 })])(
  "records come back as they were written, byte for byte",
  (records) => {
    const bytes = encodeRecords(records.map(([word, fields]) => [word, ...fields]));
    expect(Buffer.from(bytes).toString("latin1")).toMatch(/^[\n -~]*$/);
    const decoded = decodeRecords(bytes)?.map((record) => [
      record.name,
      record.fields.map((value) => new Uint8Array(value)),
    ]);
    expect(decoded).toEqual(records);
  },
);

test.prop([
  fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.stringMatching(/^[a \\x0-9e\n]{0,40}$/).map((text) => Buffer.from(text)),
  ),
])("any bytes are records or none", (bytes) => {
  const records = decodeRecords(bytes);
  // Whatever is taken can be written again, and then says the same.
  if (records !== undefined)
    expect(decodeRecords(encodeRecords(records.map((record) => [record.name, ...record.fields])))).toEqual(
      records,
    );
});

test.each([
  ["a line without end", "mode 644"],
  ["an empty line", "mode 644\n\n"],
  ["two spaces", "mode  644\n"],
  ["a space at the end", "mode 644 \n"],
  ["a tab", "mode 6\t4\n"],
  ["a raw byte over 0x7e", "message \u00e4\n"],
  ["a lonely backslash", "message a\\b\n"],
  ["uppercase digits", "message \\xFF\n"],
  ["a digit too few", "message \\x1\n"],
  ["the empty field inside of another", "message a\\e\n"],
  ["an escaped NUL", "message \\x00\n"],
  ["a name with other characters than letters", "mod3 644\n"],
])("%s makes them no records", (_, text) => {
  expect(decodeRecords(Buffer.from(text, "latin1"))).toBeUndefined();
});
