import type { RegistryError } from "./errors.ts";

/** How a failed request is tried again. */
export interface RetryPolicy {
  /** Attempts in all, the first one included. */
  readonly attempts: number;
  /** Before the second attempt; doubles with each further one. */
  readonly baseMilliseconds: number;
  /** The longest pause of our own making. */
  readonly capMilliseconds: number;
  /** The longest pause that a server may ask for; above it the request fails at once. */
  readonly maxRetryAfterMilliseconds: number;
}

const transientStatuses = new Set([408, 429, 499, 500, 502, 503, 504, 522]);

export function isTransientStatus(status: number): boolean {
  return transientStatuses.has(status);
}

/**
 * The pause before the next attempt, or undefined if there shall be none. Exponential with full upper-half jitter, so
 * that many clients do not come back at the same instant; never shorter than what the server asked for.
 */
export function retryDelay(
  error: RegistryError,
  failures: number,
  policy: RetryPolicy,
  random: () => number,
): number | undefined {
  const asked = error.retryAfterMilliseconds ?? 0;
  if (!error.isTransient || failures >= policy.attempts || asked > policy.maxRetryAfterMilliseconds)
    return undefined;
  const full = Math.min(policy.capMilliseconds, policy.baseMilliseconds * 2 ** (failures - 1));
  return Math.max(asked, Math.round(full * (0.5 + random() / 2)));
}

/** Reads `Retry-After` (RFC 9110, 10.2.3), seconds or a date, as milliseconds from `now`; undefined if it is neither. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1000;
  // Date.parse alone would take "-5" or "1.5" for a year or a month.
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
