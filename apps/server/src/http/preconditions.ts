import type { IncomingHttpHeaders } from "node:http";

/** What a representation is compared by. */
export interface Validators {
  /** The strong entity tag with its quotes. */
  readonly etag: string;
  /** Tags of the same content in another coding: `If-Match` holds for them too. */
  readonly otherEtags?: readonly string[];
  readonly modified?: Date;
}

/** What the preconditions of a GET or HEAD lead to (RFC 9110, 13.2.2), in the order in which they count. */
export type Precondition = "proceed" | "not-modified" | "failed";

export function evaluatePreconditions(
  headers: IncomingHttpHeaders,
  { etag, otherEtags = [], modified }: Validators,
): Precondition {
  const ifMatch = headers["if-match"];
  if (ifMatch !== undefined) {
    // Strong comparison: a weak tag never matches.
    const tags = parseTags(ifMatch);
    if (tags !== "*" && !tags.some((tag) => tag === etag || otherEtags.includes(tag))) return "failed";
  } else {
    const since = parseDate(headers["if-unmodified-since"]);
    if (since !== undefined && modified && seconds(modified) > since) return "failed";
  }
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined) {
    const tags = parseTags(ifNoneMatch);
    return tags === "*" || tags.some((tag) => tag.replace(/^W\//, "") === etag) ? "not-modified" : "proceed";
  }
  const since = parseDate(headers["if-modified-since"]);
  return since !== undefined && modified && seconds(modified) <= since ? "not-modified" : "proceed";
}

/** Whether a Range may be answered with a part: the representation is the one that the client has the rest of (13.1.5). */
export function ifRangeHolds(header: string | undefined, { etag, modified }: Validators): boolean {
  if (header === undefined) return true;
  if (header.includes('"')) return header === etag;
  return modified !== undefined && parseDate(header) === seconds(modified);
}

function parseTags(header: string): readonly string[] | "*" {
  if (header.trim() === "*") return "*";
  return header.match(/(?:W\/)?"[\u0021\u0023-\u007e\u0080-\u00ff]*"/g) ?? [];
}

function parseDate(header: string | undefined): number | undefined {
  const time = Date.parse(header ?? "");
  return Number.isNaN(time) ? undefined : seconds(new Date(time));
}

/** HTTP dates have whole seconds. */
function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
