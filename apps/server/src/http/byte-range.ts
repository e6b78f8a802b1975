/** What of a representation a request is answered with; `end` is not included. */
export type WantedRange = Readonly<
  { kind: "whole" } | { kind: "part"; start: number; end: number } | { kind: "unsatisfiable" }
>;

/**
 * Reads a Range header (RFC 9110, 14.2) of a representation of `size` bytes. One of another unit or shape is as if absent, as the RFC
 * has it; several ranges at once are refused: who asked for a little must not be sent all of a disk.
 */
export function parseByteRange(header: string | undefined, size: number): WantedRange {
  const [, list] = /^bytes\s*=\s*(.+)$/i.exec(header ?? "") ?? [];
  if (list === undefined) return { kind: "whole" };
  const ranges = list.split(",").map((range) => range.trim());
  if (!ranges.every((range) => /^(?:\d+-\d*|-\d+)$/.test(range))) return { kind: "whole" };
  const [range = ""] = ranges;
  if (ranges.length > 1) return { kind: "unsatisfiable" };
  const [first = "", last = ""] = range.split("-");
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? { kind: "unsatisfiable" } : { kind: "part", start: size - length, end: size };
  }
  const start = Number(first);
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  // A range that ends before it begins is malformed, not out of reach.
  if (last !== "" && Number(last) < start) return { kind: "whole" };
  return start < size ? { kind: "part", start, end } : { kind: "unsatisfiable" };
}
