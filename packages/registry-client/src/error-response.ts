import * as z from "zod";
import { bodyStart } from "./bounded-body.ts";
import { RegistryError, type RegistryErrorCode } from "./errors.ts";
import { printable } from "./printable.ts";
import { isTransientStatus, parseRetryAfter } from "./retry.ts";
import type { HttpResponse } from "./transport.ts";

const maxErrorBody = 16 * 1024;
const maxMessage = 500;

/** distribution-spec "Error Codes"; token servers answer the OAuth form instead (RFC 6749, 5.2), or `details` alone. */
const errorSchema = z.object({
  errors: z
    .array(
      z.object({
        code: z.string().optional().catch(undefined),
        message: z.string().optional().catch(undefined),
      }),
    )
    .optional()
    .catch(undefined),
  error: z.string().optional().catch(undefined),
  error_description: z.string().optional().catch(undefined),
  details: z.string().optional().catch(undefined),
});

const hints: Readonly<Record<string, string>> = {
  REGISTRY_NOT_FOUND: "check the spelling of the repository and the tag",
  REGISTRY_UNAUTHORIZED:
    "log in to the registry, and check the name: many registries answer so for what does not exist",
  REGISTRY_DENIED: "these credentials may not do this",
  REGISTRY_RATE_LIMITED: "wait, or log in for a higher quota",
  REGISTRY_UNAVAILABLE: "the registry is in trouble: try again later",
  REGISTRY_RANGE: "what is in the registry has changed or is damaged: try again",
};

/**
 * Turns an answer that is no success into a typed error, and frees its connection. `secrets` are kept out of it. Storage
 * that a registry leads to refuses URLs that have expired on the way: the registry gives out a new one.
 */
export async function errorResponse(
  response: HttpResponse,
  subject: string,
  {
    now,
    secrets,
    isStorage = false,
  }: { readonly now: number; readonly secrets: readonly string[]; readonly isStorage?: boolean },
): Promise<RegistryError> {
  const { status } = response;
  const said = parseErrorBody(await bodyStart(response, maxErrorBody), secrets);
  const code = errorCode(status);
  const [retryAfter] = response.headers("retry-after");
  const retryAfterMilliseconds = parseRetryAfter(retryAfter, now);
  const quota = status === 429 ? describeQuota(response, retryAfterMilliseconds) : "";
  return new RegistryError(
    code,
    `${subject}: ${response.url.host} answers ${status}${quota}${said === "" ? "" : `: ${said}`}`,
    hints[code] ?? "the registry does not accept the request",
    {
      status,
      isTransient:
        (isTransientStatus(status) && !isExhausted(response, retryAfter)) || (isStorage && status === 403),
      retryAfterMilliseconds,
    },
  );
}

function errorCode(status: number): RegistryErrorCode {
  if (status === 401) return "REGISTRY_UNAUTHORIZED";
  if (status === 403) return "REGISTRY_DENIED";
  if (status === 404) return "REGISTRY_NOT_FOUND";
  if (status === 416) return "REGISTRY_RANGE";
  if (status === 429) return "REGISTRY_RATE_LIMITED";
  if (status >= 500 || isTransientStatus(status)) return "REGISTRY_UNAVAILABLE";
  return status >= 400 ? "REGISTRY_REJECTED" : "REGISTRY_PROTOCOL";
}

/** What the server says, on one line, short, and with nothing that steers a terminal. */
export function parseErrorBody(body: Uint8Array, secrets: readonly string[]): string {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return "";
  }
  const { data } = errorSchema.safeParse(json);
  if (!data) return "";
  const [first] = data.errors ?? [];
  const parts = first ? [first.code, first.message] : [data.error, data.error_description ?? data.details];
  let text = parts.filter((part) => part !== undefined && part !== "").join(": ");
  for (const secret of secrets) if (secret !== "") text = text.replaceAll(secret, "[secret]");
  return printable(text).slice(0, maxMessage);
}

/** Docker Hub sends `ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 0;w=21600`: w is the window in seconds. */
function describeQuota(response: HttpResponse, retryAfterMilliseconds: number | undefined): string {
  const [limit] = response.headers("ratelimit-limit");
  const [remaining] = response.headers("ratelimit-remaining");
  const parts = [
    limit === undefined ? "" : `quota ${limit}`,
    remaining === undefined ? "" : `remaining ${remaining}`,
    retryAfterMilliseconds === undefined ? "" : `free again in ${Math.ceil(retryAfterMilliseconds / 1000)} s`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "" : ` (${printable(parts.join(", ")).slice(0, 200)})`;
}

/** A used-up quota without a word on when it ends: its window is hours, no pause of ours helps. */
function isExhausted(response: HttpResponse, retryAfter: string | undefined): boolean {
  const [remaining] = response.headers("ratelimit-remaining");
  return (
    response.status === 429 && retryAfter === undefined && remaining !== undefined && /^0\b/.test(remaining)
  );
}
