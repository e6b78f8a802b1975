import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

interface Grant {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly expiresAt: number;
  uses: number;
}

/** URLs as storage behind a registry gives them out: each for one blob, without an account, for a while. */
export interface StorageUrls {
  /** The path of a URL for what `request` asks for. */
  grant(request: IncomingMessage, validity: { validMilliseconds?: number; uses?: number }): string;
  /** Turns a request for such a URL into the request that it stands for. False if it is of no use any more. */
  redeem(request: IncomingMessage): boolean;
}

export function storageUrls(): StorageUrls {
  const grants = new Map<string, Grant>();
  return {
    grant({ url = "/", headers }, { validMilliseconds = 60_000, uses = Number.POSITIVE_INFINITY }) {
      const path = `/${randomUUID()}`;
      const expiresAt = performance.now() + validMilliseconds;
      grants.set(path, { path: url, authorization: headers.authorization, expiresAt, uses });
      return path;
    },
    redeem(request) {
      const grant = grants.get(request.url ?? "");
      if (!grant || grant.uses <= 0 || performance.now() >= grant.expiresAt) return false;
      grant.uses--;
      request.url = grant.path;
      // The URL itself is the permission; towards the target the first request's account stands for it.
      if (grant.authorization !== undefined) request.headers.authorization = grant.authorization;
      return true;
    },
  };
}
