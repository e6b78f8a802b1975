import type { ImageConfig } from "@bootlayer/image-spec";
import { expect, test } from "vitest";
import { sourceTime } from "./source-time.ts";

const config = (created?: string): ImageConfig => ({
  os: "linux",
  architecture: "amd64",
  created,
  rootfs: { type: "layers", diff_ids: [] },
});

test("SOURCE_DATE_EPOCH goes before the image's own time", () => {
  expect(sourceTime(config("2024-01-01T00:00:00Z"), "1700000000")).toEqual({
    seconds: 1_700_000_000,
    nanoseconds: 0,
  });
});

test("without it the image's time counts, in whole seconds", () => {
  expect(sourceTime(config("2023-11-14T22:13:20.999Z"), undefined)).toEqual({
    seconds: 1_700_000_000,
    nanoseconds: 0,
  });
});

test.each([undefined, "yesterday", "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"])(
  "created %s gives a time that the file system can hold",
  (created) => {
    const { seconds } = sourceTime(config(created), undefined);
    expect(seconds === 0 || seconds === 0xffff_ffff).toBe(true);
  },
);

test.each(["-1", "1.5", "x", "99999999999"])("SOURCE_DATE_EPOCH %s is refused", (value) => {
  expect(() => sourceTime(config(), value)).toThrow(expect.objectContaining({ code: "OPTIONS_INVALID" }));
});
