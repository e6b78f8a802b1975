/** What goes wrong with one request that passes through a fault proxy, or with its answer. */
export type ProxyFault =
  | RequestFault
  | BodyFault
  | HeaderFault
  /** What stands between answers instead of the target: a registry in trouble, a portal that wants a login. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** A 307 to a URL of the proxy's second port, which serves the same content for this long and this often, then 403. */
  | { readonly kind: "redirect"; readonly validMilliseconds?: number; readonly uses?: number };

/** Of a request on its way to the target. */
export type RequestFault =
  /** The connection breaks before the target hears of the request. */
  | { readonly kind: "lose-request" }
  /** The connection breaks when the target has this much of the request's body. A body that is shorter passes. */
  | { readonly kind: "lose-upload"; readonly afterBytes: number }
  /** The target does what it is asked, and the connection breaks before its answer. */
  | { readonly kind: "lose-answer" }
  /** The target does what it is asked, no answer comes, and the connection stays open. */
  | { readonly kind: "withhold-answer" }
  /** The target never sees the Range header, and answers with everything. */
  | { readonly kind: "ignore-range" };

/** Of an answer's body. One that is shorter than the offset passes as it is. */
export type BodyFault =
  /** The connection is reset after this many bytes. */
  | { readonly kind: "drop"; readonly afterBytes: number }
  /** Nothing comes after this many bytes, and the connection stays open. */
  | { readonly kind: "stall"; readonly afterBytes: number }
  /**
   * The body ends in good order after this many bytes. Content-Length promised the whole of it, or says just this part, or
   * is missing.
   */
  | {
      readonly kind: "truncate";
      readonly afterBytes: number;
      readonly contentLength: "of-whole" | "of-part" | "absent";
    }
  /** The byte at this offset has its bits inverted. */
  | { readonly kind: "corrupt"; readonly atByte: number }
  /** So many bytes at a time, and a pause after each. */
  | { readonly kind: "slow"; readonly chunkBytes: number; readonly pauseMilliseconds: number };

/** Of an answer's header. */
export type HeaderFault =
  /** Of a 206, what is sent of Content-Range; its body is right. */
  | { readonly kind: "content-range"; readonly lie: ContentRangeLie }
  /** Docker-Content-Digest is of other bytes. */
  | { readonly kind: "wrong-digest" };

export type ContentRangeLie = "absent" | "malformed" | "shifted" | "wrong-total";

export function isBodyFault(fault: ProxyFault | undefined): fault is BodyFault {
  return fault !== undefined && ["drop", "stall", "truncate", "corrupt", "slow"].includes(fault.kind);
}
