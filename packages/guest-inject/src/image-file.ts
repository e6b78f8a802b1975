import { displayText, type ByteString, type FileNode } from "@bootlayer/rootfs-tree";
import { readContent } from "./entry-content.ts";
import { GuestError } from "./errors.ts";
import type { GuestImage } from "./guest-plan.ts";
import type { InjectedTree } from "./injected-tree.ts";

/** As large as the init's own readers take such files. */
const maxBytes = 2 ** 24;

/** Reads text files of an image as they are once everything asked for has been put in. */
export type ReadImageFile = (path: ByteString) => Promise<Uint8Array | undefined>;

/**
 * The reader of a tree: undefined for what is not there or no file. Symlinks are followed inside the root.
 *
 * The reader throws GUEST_IMAGE for a file of over 16 MiB, and GUEST_FILE or GUEST_FILE_CHANGED for one that came from the host.
 */
export function imageFileReader(tree: InjectedTree, image: GuestImage): ReadImageFile {
  return async (path) => {
    const answer = tree.follow(path);
    if (answer.kind !== "found" || answer.node.kind !== "file") return undefined;
    const { node } = answer;
    if (node.size > maxBytes)
      throw new GuestError(
        "GUEST_IMAGE",
        `/${displayText(answer.path)} of the image has ${node.size} bytes`,
        `it may have ${maxBytes}: it is read to set the guest up`,
      );
    return node.size === 0 ? new Uint8Array() : await bytesOfNode(node, tree, image);
  };
}

async function bytesOfNode(node: FileNode, tree: InjectedTree, image: GuestImage): Promise<Uint8Array> {
  const injected = tree.contentOf(node);
  if (injected === undefined) return await image.readFile(node, maxBytes);
  return Buffer.concat(await Array.fromAsync(readContent(injected, undefined)));
}
