import { byteString, type ByteString } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { placeXattrs } from "./xattr.ts";

function place(values: Readonly<Record<string, number>>): { inInode: string[]; inBlock: string[] } {
  const xattrs = new Map(
    Object.entries(values).map(([name, length]) => [byteString(name), Buffer.alloc(length)]),
  );
  const { inInode, inBlock } = placeXattrs(xattrs, 4096, byteString("some/file"));
  return {
    inInode: inInode.map(({ name }) => String(name)),
    inBlock: inBlock.map(({ name }) => String(name)),
  };
}

test("what fits the inode's 92 bytes stays there", () => {
  expect(place({ "user.a": 68 })).toEqual({ inInode: ["a"], inBlock: [] });
  expect(place({ "user.a": 69 })).toEqual({ inInode: [], inBlock: ["a"] });
});

test("only what a block does not hold is divided between inode and block", () => {
  expect(place({ "user.abcd": 4040, "user.b": 68 })).toEqual({ inInode: ["b"], inBlock: ["abcd"] });
});

test("in a block attributes are in order of prefix, length of name, and name", () => {
  expect(
    place({ "security.a": 100, "trusted.zz": 1, "trusted.b": 1, "user.long": 1, "user.z": 1 }).inBlock,
  ).toEqual(["z", "long", "b", "zz", "a"]);
});

test("more than inode and block hold is refused, naming the file", () => {
  expect(() => place({ "user.abcd": 4041 })).toThrow(
    expect.objectContaining({
      code: "EXT4_XATTRS_TOO_LARGE",
      message: expect.stringContaining("/some/file"),
    }),
  );
});

test.each(["com.apple.provenance", "user.", "system.nfs4_acl", `user.${"n".repeat(251)}`, "user.nul\0", ""])(
  "an attribute that the kernel has no name for is refused: %j",
  (name) => {
    expect(() => placeXattrs(new Map([[name as ByteString, Buffer.alloc(1)]]), 4096)).toThrow(
      expect.objectContaining({ code: "EXT4_XATTR_UNSUPPORTED" }),
    );
  },
);

test("a broken access list is refused", () => {
  expect(() => place({ "system.posix_acl_access": 5 })).toThrow(
    expect.objectContaining({ code: "EXT4_ACL_INVALID" }),
  );
});
