import type { ByteString } from "@bootlayer/rootfs-tree";

/** Where things lie in a guest. init/init-conf.md and the kernel's command line name these too. */
export const guestPaths = {
  init: "/usr/lib/bootlayer/init",
  conf: "/etc/bootlayer/init.conf",
} as const;

/** A path below another, with one slash between them however many the first ends with. */
export function pathBelow(parent: ByteString, name: ByteString): ByteString {
  let end = parent.length;
  while (parent[end - 1] === "/") end--;
  return `${parent.slice(0, end)}/${name}` as ByteString;
}
