import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** A client's own id is taken over where it can do no harm in a log or a header; all else gets one of ours. */
export function requestIdOf({ headers }: Pick<IncomingMessage, "headers">): string {
  const asked = headers["x-request-id"];
  return typeof asked === "string" && /^[\w.:-]{1,64}$/.test(asked) ? asked : randomUUID();
}
