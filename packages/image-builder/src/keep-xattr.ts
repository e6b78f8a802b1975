import type { ByteString } from "@bootlayer/rootfs-tree";
import type { DiskOptions } from "./disk-options.ts";

/** What Linux file systems hold (xattr(7)). Builders on other systems leave more, such as `com.apple.provenance`. */
const linuxXattr = /^(user|trusted|security)\..|^system\.posix_acl_(access|default)$/s;

/** Says which extended attributes of the layers come onto the disk. */
export function keepXattr({
  selinuxLabels,
}: Pick<DiskOptions, "selinuxLabels">): (name: ByteString) => boolean {
  return (name) => linuxXattr.test(name) && (selinuxLabels || name !== "security.selinux");
}
