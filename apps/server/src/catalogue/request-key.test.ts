import { expect, test } from "vitest";
import { hostPlatform, formatPlatform } from "@bootlayer/image-spec";
import { buildRequestSchema, type BuildRequestInput } from "./build-request.ts";
import { normaliseRequest } from "./request-key.ts";

function keyOf(request: BuildRequestInput): string {
  return normaliseRequest(buildRequestSchema.parse(request)).requestKey;
}

test.each<[string, BuildRequestInput, BuildRequestInput]>([
  ["a short name and its full one", { source: "alpine" }, { source: "docker.io/library/alpine:latest" }],
  ["a default and nothing", { source: "a/b" }, { source: "a/b", format: "ext4" }],
  [
    "this machine's platform and none",
    { source: "a/b" },
    { source: "a/b", platform: formatPlatform(hostPlatform()) },
  ],
  ["the size auto and none", { source: "a/b" }, { source: "a/b", size: "auto" }],
  ["a size in two units", { source: "a/b", size: "+1G" }, { source: "a/b", size: "+1024MiB" }],
  ["the usual block size and none", { source: "a/b" }, { source: "a/b", blockSize: 4096 }],
  [
    "members in another order",
    { source: "a/b", guest: { hostname: "a", init: "auto" } },
    { guest: { init: "auto", hostname: "a" }, source: "a/b" },
  ],
])("%s are one request", (_, one, other) => {
  expect(keyOf(one)).toBe(keyOf(other));
});

test("what changes the disk changes the request", () => {
  const source = "a/b";
  const keys = [
    keyOf({ source }),
    keyOf({ source: "a/b:2" }),
    keyOf({ source, platform: "linux/s390x" }),
    keyOf({ source, format: "squashfs" }),
    keyOf({ source, size: "1G" }),
    keyOf({ source, guest: {} }),
    keyOf({ source, guest: { hostname: "a" } }),
    keyOf({ source, sourceDateEpoch: 0 }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

test.each([
  "oci:/etc",
  "rootfs:/",
  "tar:-",
  "-",
  "docker-daemon:alpine",
  "oci-archive:a.tar",
  "docker-archive:a.tar",
])("%s is the server's machine's and refused", (source) => {
  expect(() => keyOf({ source })).toThrow(expect.objectContaining({ code: "SOURCE_FORBIDDEN" }));
});

test.each<[BuildRequestInput, string]>([
  [{ source: "UPPER/Case:x y" }, "REFERENCE_INVALID"],
  [{ source: "a", platform: "a/b/c/d/e" }, "PLATFORM_INVALID"],
  [{ source: "a", size: "-1G" }, "OPTIONS_INVALID"],
  [{ source: "a", format: "squashfs", size: "1G" }, "OPTIONS_INVALID"],
])("%j is refused before it is queued: %s", (request, code) => {
  expect(() => keyOf(request)).toThrow(expect.objectContaining({ code }));
});
