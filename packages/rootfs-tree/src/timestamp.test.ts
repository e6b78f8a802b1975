import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { compareTimestamps, timestampFromNanoseconds } from "./index.ts";

/** What squashfs and ext4 together can hold, and far beyond. */
const anyNanoseconds = fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n });

test("before 1970 seconds are rounded down and nanoseconds count forward", () => {
  expect(timestampFromNanoseconds(-1n)).toEqual({ seconds: -1, nanoseconds: 999_999_999 });
  expect(timestampFromNanoseconds(-1_000_000_000n)).toEqual({ seconds: -1, nanoseconds: 0 });
  expect(timestampFromNanoseconds(1_500_000_000n)).toEqual({ seconds: 1, nanoseconds: 500_000_000 });
  expect(timestampFromNanoseconds(0n)).toEqual({ seconds: 0, nanoseconds: 0 });
});

test.prop([anyNanoseconds])("no nanosecond is lost, and the parts are within their bounds", (total) => {
  const { seconds, nanoseconds } = timestampFromNanoseconds(total);
  expect(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)).toBe(total);
  expect(nanoseconds).toBeGreaterThanOrEqual(0);
  expect(nanoseconds).toBeLessThan(1_000_000_000);
});

test.prop([anyNanoseconds, fc.bigInt({ min: -3n * 10n ** 9n, max: 3n * 10n ** 9n })])(
  "timestamps compare as the moments they are",
  (total, difference) => {
    const [a, b] = [timestampFromNanoseconds(total), timestampFromNanoseconds(total + difference)];
    expect(Math.sign(compareTimestamps(b, a))).toBe(difference === 0n ? 0 : difference > 0n ? 1 : -1);
  },
);
