import { byteString } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { keepXattr } from "./keep-xattr.ts";

test.each([
  "user.a",
  "trusted.overlay.opaque",
  "security.capability",
  "security.selinux",
  "system.posix_acl_access",
  "system.posix_acl_default",
])("%s comes onto the disk", (name) => {
  expect(keepXattr({ selinuxLabels: true })(byteString(name))).toBe(true);
});

test.each(["com.apple.provenance", "system.nfs4_acl", "user.", "xuser.a", "system.posix_acl_access2"])(
  "%s, which no Linux file system holds, is left out",
  (name) => {
    expect(keepXattr({ selinuxLabels: true })(byteString(name))).toBe(false);
  },
);

test("SELinux labels can be left out", () => {
  expect(keepXattr({ selinuxLabels: false })(byteString("security.selinux"))).toBe(false);
});
