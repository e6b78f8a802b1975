import { expect, test } from "vitest";
import { evaluatePreconditions, ifRangeHolds } from "./preconditions.ts";

const modified = new Date("2026-05-04T03:02:01.500Z");
const now = { etag: '"a"', otherEtags: ['"a-zstd"'], modified };
const at = "Mon, 04 May 2026 03:02:01 GMT";
const before = "Mon, 04 May 2026 03:02:00 GMT";

test.each([
  ["no condition", {}, "proceed"],
  ["If-Match of the tag", { "if-match": '"x", "a"' }, "proceed"],
  ["If-Match of the tag in another coding", { "if-match": '"a-zstd"' }, "proceed"],
  ["If-Match of anything", { "if-match": "*" }, "proceed"],
  ["If-Match of another", { "if-match": '"b"' }, "failed"],
  ["If-Match of a weak tag, which never matches", { "if-match": 'W/"a"' }, "failed"],
  ["If-Unmodified-Since the time itself", { "if-unmodified-since": at }, "proceed"],
  ["If-Unmodified-Since a time before", { "if-unmodified-since": before }, "failed"],
  [
    "If-Match counts before If-Unmodified-Since",
    { "if-match": '"a"', "if-unmodified-since": before },
    "proceed",
  ],
  ["If-None-Match of the tag", { "if-none-match": '"x", "a"' }, "not-modified"],
  ["If-None-Match of it as weak", { "if-none-match": 'W/"a"' }, "not-modified"],
  ["If-None-Match of anything", { "if-none-match": "*" }, "not-modified"],
  ["If-None-Match of another", { "if-none-match": '"b"' }, "proceed"],
  ["If-None-Match of it in another coding", { "if-none-match": '"a-zstd"' }, "proceed"],
  ["If-Modified-Since the time itself", { "if-modified-since": at }, "not-modified"],
  ["If-Modified-Since a time before", { "if-modified-since": before }, "proceed"],
  [
    "If-None-Match counts before If-Modified-Since",
    { "if-none-match": '"b"', "if-modified-since": at },
    "proceed",
  ],
  ["a date that is none", { "if-modified-since": "yesterday" }, "proceed"],
  ["a failed If-Match counts before If-None-Match", { "if-match": '"b"', "if-none-match": '"a"' }, "failed"],
])("%s", (_, headers, outcome) => {
  expect(evaluatePreconditions(headers, now)).toBe(outcome);
});

test.each([
  ["none", undefined, true],
  ["the tag", '"a"', true],
  ["another tag", '"b"', false],
  ["a weak tag", 'W/"a"', false],
  ["the tag of another coding", '"a-zstd"', false],
  ["the date", at, true],
  ["another date", before, false],
  ["what is neither", "x", false],
])("If-Range with %s", (_, header, holds) => {
  expect(ifRangeHolds(header, now)).toBe(holds);
});
