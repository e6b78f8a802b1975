import { parseLayerLimits } from "@bootlayer/layer-flattener";
import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { createGetfattrParser } from "./read-xattrs.ts";

const printed = [
  "# file: .",
  "user.top=0x00",
  "",
  "# file: ./a\\134b/x\\012y",
  "user.a\\075b=0x31",
  "user.bin=0x00ff0a",
  "user.empty=0x",
  "",
  "",
].join("\n");

const expected = new Map([
  ["", new Map([["user.top", Buffer.from([0])]])],
  [
    "a\\b/x\ny",
    new Map([
      ["user.a=b", Buffer.from("1")],
      ["user.bin", Buffer.from([0, 255, 10])],
      ["user.empty", Buffer.alloc(0)],
    ]),
  ],
]);

test.prop([fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 })])(
  "escapes are undone, and values are bytes, however the output is cut into pieces",
  (lengths) => {
    const parser = createGetfattrParser(parseLayerLimits());
    for (let at = 0, turn = 0; at < printed.length; turn++) {
      const length = lengths[turn % lengths.length] ?? 1;
      parser.push(printed.slice(at, at + length));
      at += length;
    }
    expect(parser.end()).toEqual(expected);
  },
);

test("more than the limit is SOURCE_LIMIT", () => {
  const parser = createGetfattrParser({ metadataBytes: 10 });
  expect(() => parser.push(printed)).toThrow(expect.objectContaining({ code: "SOURCE_LIMIT" }));
});
