import { displayText, walkTree, type DirectoryNode } from "@bootlayer/rootfs-tree";

/** The first path of the tree that has an xattr of each kind for which the kernel needs more than the file system. */
export function usedXattrs(root: DirectoryNode): {
  readonly security: string | undefined;
  readonly acl: string | undefined;
} {
  let security: string | undefined;
  let acl: string | undefined;
  for (const { path, node } of walkTree(root)) {
    for (const name of node.attributes.xattrs.keys()) {
      if (name.startsWith("security.")) security ??= displayText(path);
      if (name.startsWith("system.posix_acl_")) acl ??= displayText(path);
    }
    if (security !== undefined && acl !== undefined) break;
  }
  return { security: asPath(security), acl: asPath(acl) };
}

function asPath(path: string | undefined): string | undefined {
  return path === undefined ? undefined : `/${path}`;
}
