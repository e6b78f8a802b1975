import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { splitLines } from "./console-lines.ts";

/** Cuts text into pieces at these places. */
function pieces(text: string, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b), text.length];
  return places.slice(1).map((end, index) => Buffer.from(text.slice(places[index] ?? 0, end), "latin1"));
}

const lineText = fc.stringMatching(/^[ -~\r\u0080-\u00ff]{0,30}$/);
const withoutReturn = (line: string): string => line.replace(/\r+$/, "");
const cuts = fc.array(fc.nat(2000), { maxLength: 20 });

test.prop([fc.array(lineText), lineText, cuts])(
  "lines are the same however their bytes come in",
  (lines, rest, places) => {
    const splitter = splitLines(100);
    const text = [...lines.map((line) => `${line}\r\n`), rest].join("");
    const given = pieces(text, places).flatMap((piece) => splitter.push(piece));
    expect(given).toEqual(lines.map((line) => withoutReturn(line)));
    expect(splitter.rest()).toBe(withoutReturn(rest));
  },
);

test.prop([fc.nat(3000), cuts])(
  "of a long line the beginning is kept, and the next line is whole",
  (length, places) => {
    const splitter = splitLines(64);
    const text = `${"x".repeat(length)}\nnext\n`;
    const given = pieces(text, places).flatMap((piece) => splitter.push(piece));
    expect(given).toEqual(["x".repeat(Math.min(length, 64)), "next"]);
  },
);

test("a line without end is not kept beyond the limit", () => {
  const splitter = splitLines(64);
  for (let count = 0; count < 100; count++) expect(splitter.push(Buffer.alloc(1000, "x"))).toEqual([]);
  expect(splitter.rest()).toHaveLength(64);
});
