import type { ServerResponse } from "node:http";
import type { ByteGate } from "./byte-gate.ts";

/** What goes wrong with one response. */
export type Fault =
  /** Another answer altogether. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    }
  /** The connection breaks after this many bytes of the body; Content-Length promised them all. */
  | { readonly kind: "drop"; readonly afterBytes: number }
  /** Nothing comes after this many bytes of the body, and the connection stays open. */
  | { readonly kind: "stall"; readonly afterBytes: number }
  /** The body ends after this many bytes, as if it were whole: Content-Length agrees. */
  | { readonly kind: "truncate"; readonly afterBytes: number }
  /** The byte at this offset of the body has its bits inverted. */
  | { readonly kind: "corrupt"; readonly atByte: number }
  /** The headers come at once, the body as the gate lets it. */
  | { readonly kind: "gated"; readonly gate: ByteGate }
  /** The whole body with 200, whatever Range said. */
  | { readonly kind: "ignore-range" }
  /** A 307 to the same blob on another port, which wants no credentials. */
  | { readonly kind: "redirect" };

export type BodyFault = Extract<
  Fault,
  { readonly kind: "drop" | "stall" | "truncate" | "corrupt" | "gated" }
>;

export function isBodyFault(fault: Fault | undefined): fault is BodyFault {
  return fault !== undefined && ["drop", "stall", "truncate", "corrupt", "gated"].includes(fault.kind);
}

/** Sends a body, whole or with its fault. The caller has set all headers but Content-Length. */
export function sendBody(response: ServerResponse, body: Buffer, fault: BodyFault | undefined): void {
  if (fault?.kind === "truncate") body = body.subarray(0, fault.afterBytes);
  response.setHeader("content-length", body.length);
  switch (fault?.kind) {
    case undefined:
    case "truncate":
      response.end(body);
      return;
    case "corrupt": {
      const wrong = Buffer.from(body);
      const byte = wrong[fault.atByte];
      if (byte === undefined) throw new Error(`the body has no byte ${fault.atByte}`);
      wrong[fault.atByte] = byte ^ 0xff;
      response.end(wrong);
      return;
    }
    case "stall":
      response.flushHeaders();
      response.write(body.subarray(0, fault.afterBytes));
      return;
    case "gated":
      response.flushHeaders();
      void sendGated(response, body, fault.gate);
      return;
    case "drop":
      response.flushHeaders();
      // The callback runs once the bytes are with the kernel; only then does breaking the connection not lose them.
      response.write(body.subarray(0, fault.afterBytes), () =>
        response.socket?.end(() => response.destroy()),
      );
  }
}

async function sendGated(response: ServerResponse, body: Buffer, gate: ByteGate): Promise<void> {
  for (let sent = 0; sent < body.length && !response.destroyed;) {
    const length = await gate.take(body.length - sent);
    response.write(body.subarray(sent, sent + length));
    sent += length;
  }
  response.end();
}
