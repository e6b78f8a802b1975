import { GuestAgentError } from "../errors.ts";

/** An argument, a variable or a path in the guest. A string means its UTF-8; bytes are taken as they are. */
export type GuestText = string | Uint8Array;

/** @throws {GuestAgentError} GUEST_AGENT_REQUEST for a NUL, which the guest's kernel would take for the end. */
export function guestBytes(text: GuestText, what: string): Uint8Array {
  const bytes = typeof text === "string" ? Buffer.from(text, "utf8") : text;
  if (bytes.includes(0))
    throw new GuestAgentError(
      "GUEST_AGENT_REQUEST",
      `${what} ${JSON.stringify(showText(text))} holds a NUL byte`,
      "no argument, variable or path can hold one",
    );
  return bytes;
}

/** For messages. */
export function showText(text: GuestText): string {
  return typeof text === "string" ? text : Buffer.from(text).toString("utf8");
}
