import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { nextPage } from "./next-page.ts";

const page = new URL("https://registry.example:5000/v2/a/tags/list?n=2");

test.each([
  ['</v2/a/tags/list?last=x>; rel="next"', "https://registry.example:5000/v2/a/tags/list?last=x"],
  ["<?last=x>;rel=next", "https://registry.example:5000/v2/a/tags/list?last=x"],
  ['<https://registry.example:5000/x>; rel="next"', "https://registry.example:5000/x"],
  ['<http://registry.example:5000/x>; rel="next"', "https://registry.example:5000/x"],
  ['<https://other.example/x>; title="a, b"; rel="prev next"', "https://other.example/x"],
  ['</first>; rel="first", </second>; REL="NEXT"', "https://registry.example:5000/second"],
  ['<https://user:word@registry.example:5000/x#y>; rel="next"', "https://registry.example:5000/x"],
])("%s is the next page", (line, expected) => {
  expect(nextPage([line], page)?.href).toBe(expected);
});

test.each([
  "",
  '</x>; rel="last"',
  "</x>",
  '/x; rel="next"',
  '<javascript:alert(1)>; rel="next"',
  '<http://[>; rel="next"',
])("%j is none", (line) => {
  expect(nextPage([line], page)).toBeUndefined();
});

property.prop([fc.array(fc.string())])("no header makes it throw", (lines) => {
  expect(() => nextPage(lines, page)).not.toThrow();
});

property.prop([fc.integer({ min: 1, max: 8000 })])("no header takes long", (length) => {
  for (const part of ["<", '<>; a="', "<>;a=b", "<> ", '<x>; rel="\\\\'])
    expect(nextPage([part.repeat(length / part.length)], page)).toBeUndefined();
});
