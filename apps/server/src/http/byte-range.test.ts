import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { parseByteRange } from "./byte-range.ts";

test.each([
  ["the first ten bytes", "bytes=0-9", { kind: "part", start: 0, end: 10 }],
  ["from a byte on", "bytes=90-", { kind: "part", start: 90, end: 100 }],
  ["the last five", "bytes=-5", { kind: "part", start: 95, end: 100 }],
  ["more of the end than there is", "bytes=-500", { kind: "part", start: 0, end: 100 }],
  ["beyond the end", "bytes=50-4000", { kind: "part", start: 50, end: 100 }],
  ["one byte", "bytes=99-99", { kind: "part", start: 99, end: 100 }],
  ["with blanks", "bytes = 0-0", { kind: "part", start: 0, end: 1 }],
  ["behind the end", "bytes=100-", { kind: "unsatisfiable" }],
  ["nothing of the end", "bytes=-0", { kind: "unsatisfiable" }],
  ["several at once", "bytes=0-1, 4-5", { kind: "unsatisfiable" }],
  ["another unit", "pages=1-2", { kind: "whole" }],
  ["backwards", "bytes=9-3", { kind: "whole" }],
  ["no range at all", "bytes=x", { kind: "whole" }],
  ["a list with one that is none", "bytes=0-1,x", { kind: "whole" }],
  ["no header", undefined, { kind: "whole" }],
])("%s: %j", (_, header, wanted) => {
  expect(parseByteRange(header, 100)).toEqual(wanted);
});

test("nothing of an empty disk can be asked for", () => {
  expect(parseByteRange("bytes=0-", 0)).toEqual({ kind: "unsatisfiable" });
  expect(parseByteRange("bytes=-1", 0)).toEqual({ kind: "unsatisfiable" });
});

property.prop([fc.oneof(fc.string(), fc.stringMatching(/^bytes=[0-9,\- ]{0,40}$/)), fc.nat()])(
  "whatever the header says, a part lies within the representation and is not empty",
  (header, size) => {
    const range = parseByteRange(header, size);
    if (range.kind !== "part") return;
    expect(range.start).toBeGreaterThanOrEqual(0);
    expect(range.end).toBeGreaterThan(range.start);
    expect(range.end).toBeLessThanOrEqual(size);
  },
);
