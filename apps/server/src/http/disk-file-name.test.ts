import { expect, test } from "vitest";
import { diskFileName } from "./disk-file-name.ts";

test.each([
  ["docker.io/library/alpine:3.22", undefined, "alpine-3.22.ext4"],
  ["alpine", "linux/arm64/v8", "alpine-arm64-v8.ext4"],
  [`registry.example:5000/a/b@sha256:${"0".repeat(64)}`, undefined, "b.ext4"],
  ['x/"; rm -rf ~\r\n', undefined, "rm-rf-.ext4"],
  ["..", undefined, "disk.ext4"],
])("%s for %s is saved as %s", (source, platform, name) => {
  expect(diskFileName({ source, platform, format: "ext4" })).toBe(name);
});
