import type { ByteString } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { xattrPairs } from "./xattr-pairs.ts";

const path = "a/file" as ByteString;
const value = Buffer.from("v");

function pairsOf(...names: readonly string[]): ReturnType<typeof xattrPairs> {
  return xattrPairs(new Map(names.map((name) => [name as ByteString, value])), path);
}

test("pairs come in byte order, named by prefix and rest", () => {
  const { pairs } = pairsOf("user.b", "security.x", "trusted.é", "user.a");
  expect(pairs.map(({ fullName, name }) => [fullName, name.type])).toEqual([
    ["security.x", 2],
    ["trusted.é", 1],
    ["user.a", 0],
    ["user.b", 0],
  ]);
  expect(pairs.map(({ name }) => Buffer.from(name.rest).toString("latin1"))).toEqual(["x", "é", "a", "b"]);
});

test("POSIX ACLs are left out, and it is said", () => {
  expect(pairsOf("system.posix_acl_access", "user.a")).toMatchObject({
    pairs: [{ fullName: "user.a" }],
    isAclDropped: true,
  });
  expect(pairsOf("system.posix_acl_default")).toEqual({ pairs: [], isAclDropped: true });
  expect(pairsOf("user.a").isAclDropped).toBe(false);
});

test.each(["system.nfs4_acl", "user.", "user", "USER.a", "", "user.a\0b", `user.${"n".repeat(251)}`])(
  "there is no place for %j",
  (name) => {
    expect(() => pairsOf(name)).toThrow(
      expect.objectContaining({
        code: "SQUASHFS_XATTR_UNSUPPORTED",
        message: expect.stringContaining("/a/file"),
      }),
    );
  },
);

test("a name may have 255 bytes, a value 65,536", () => {
  expect(pairsOf(`user.${"n".repeat(250)}`).pairs).toHaveLength(1);
  const name = "user.a" as ByteString;
  expect(xattrPairs(new Map([[name, Buffer.alloc(65_536)]]), path).pairs).toHaveLength(1);
  expect(() => xattrPairs(new Map([[name, Buffer.alloc(65_537)]]), path)).toThrow(
    expect.objectContaining({ code: "SQUASHFS_XATTRS_TOO_LARGE" }),
  );
});

test("names together must fit what listxattr gives", () => {
  const names = Array.from({ length: 257 }, (_, index) => `user.${String(index).padStart(250, "0")}`);
  expect(pairsOf(...names.slice(1)).pairs).toHaveLength(256);
  expect(() => pairsOf(...names)).toThrow(expect.objectContaining({ code: "SQUASHFS_XATTRS_TOO_LARGE" }));
});
