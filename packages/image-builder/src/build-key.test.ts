import { digestOf } from "@bootlayer/image-spec";
import { epoch } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { buildKey, derivedUuid, initrdKey, type BuildIdentity } from "./build-key.ts";
import { parseDiskOptions } from "./disk-options.ts";

const identity: BuildIdentity = {
  manifestDigest: digestOf(Buffer.from("a")),
  disk: parseDiskOptions({}),
  time: epoch,
};

test("equal identities make equal keys, in whatever order the options were written", () => {
  const shuffled = Object.fromEntries(
    Object.entries(identity.disk).toReversed(),
  ) as unknown as BuildIdentity["disk"];
  expect(buildKey({ ...identity, disk: shuffled })).toBe(buildKey(identity));
});

test.each<[string, Partial<BuildIdentity>]>([
  ["the manifest", { manifestDigest: digestOf(Buffer.from("b")) }],
  ["the time", { time: { seconds: 1, nanoseconds: 0 } }],
  ["the size", { disk: parseDiskOptions({ size: "4G" }) }],
  ["free space instead of a size", { disk: parseDiskOptions({ size: "+4G" }) }],
  ["the journal", { disk: parseDiskOptions({ journal: false }) }],
  ["the label", { disk: parseDiskOptions({ label: "root" }) }],
  ["a guest", { guest: "a" }],
])("%s makes another key", (_name, change) => {
  expect(buildKey({ ...identity, ...change })).not.toBe(buildKey(identity));
});

test("an initrd's key is not its disk's, and is another one for another guest or disk", () => {
  const [disk, labelled] = [buildKey(identity), buildKey({ ...identity, guest: "a" })];
  expect(new Set([disk, initrdKey(disk, "a"), initrdKey(disk, "b"), initrdKey(labelled, "a")]).size).toBe(4);
});

test("UUIDs derived for different uses differ and are of version 8", () => {
  const key = buildKey(identity);
  const [uuid, seed] = [derivedUuid(key, "file-system"), derivedUuid(key, "directory-hash-seed")];
  expect(uuid).not.toBe(seed);
  expect([uuid, seed]).toEqual([
    expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    expect.any(String),
  ]);
});
