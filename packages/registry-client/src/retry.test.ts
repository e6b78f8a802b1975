import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { RegistryError } from "./errors.ts";
import { isTransientStatus, parseRetryAfter, retryDelay } from "./retry.ts";

const policy = {
  attempts: 5,
  baseMilliseconds: 100,
  capMilliseconds: 300,
  maxRetryAfterMilliseconds: 60_000,
};
const transient = new RegistryError("REGISTRY_UNAVAILABLE", "", "", { isTransient: true });

function asking(retryAfterMilliseconds: number): RegistryError {
  return new RegistryError("REGISTRY_RATE_LIMITED", "", "", { isTransient: true, retryAfterMilliseconds });
}

test.each([408, 429, 499, 500, 502, 503, 504, 522])("status %i may pass", (status) => {
  expect(isTransientStatus(status)).toBe(true);
});

test.each([200, 301, 400, 401, 403, 404, 405, 416, 501, 505])("status %i stays", (status) => {
  expect(isTransientStatus(status)).toBe(false);
});

describe("the pause before the next attempt", () => {
  test("doubles up to a cap, and never falls below half of that", () => {
    expect([1, 2, 3, 4].map((failures) => retryDelay(transient, failures, policy, () => 0))).toEqual([
      50, 100, 150, 150,
    ]);
    expect([1, 2, 3].map((failures) => retryDelay(transient, failures, policy, () => 1))).toEqual([
      100, 200, 300,
    ]);
  });

  test("is at least what the server asks for", () => {
    expect(retryDelay(asking(60_000), 1, policy, () => 0)).toBe(60_000);
    expect(retryDelay(asking(1), 1, policy, () => 0)).toBe(50);
  });

  test("does not come when the server asks for more than a minute", () => {
    expect(retryDelay(asking(60_001), 1, policy, () => 0)).toBeUndefined();
  });

  test("does not come after the last attempt, nor after a failure that stays", () => {
    expect(retryDelay(transient, 5, policy, () => 0)).toBeUndefined();
    const lasting = new RegistryError("REGISTRY_NOT_FOUND", "", "");
    expect(retryDelay(lasting, 1, policy, () => 0)).toBeUndefined();
  });
});

describe("Retry-After", () => {
  const now = Date.parse("2024-01-01T00:00:00Z");

  test.each([
    ["0", 0],
    ["120", 120_000],
    [" 5 ", 5000],
    ["Mon, 01 Jan 2024 00:01:00 GMT", 60_000],
    ["Monday, 01-Jan-24 00:01:00 GMT", 60_000],
    ["Sun, 31 Dec 2023 00:00:00 GMT", 0],
  ])("%j is a wait of %i ms", (value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected);
  });

  test.each([undefined, "", "-5", "1.5", "soon", "2024-01-01T00:01:00Z", "Mon, never"])(
    "%j says nothing",
    (value) => {
      expect(parseRetryAfter(value, now)).toBeUndefined();
    },
  );

  test.prop([fc.string()])("is never negative, whatever it says", (value) => {
    expect(parseRetryAfter(value, now) ?? 0).toBeGreaterThanOrEqual(0);
  });
});
