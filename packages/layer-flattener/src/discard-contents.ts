import { dataLength, type ContentHandle, type ContentWriter } from "@bootlayer/rootfs-tree";

/** Takes the place of an image writer where only the tree is wanted: keeps no bytes, counts handles from 1. */
export function discardContents(): ContentWriter {
  let handles = 0;
  return {
    maxOpenContents: Infinity,
    openContent(shape) {
      let expected = dataLength(shape);
      return {
        write(bytes) {
          expected -= bytes.length;
        },
        close() {
          if (expected !== 0) throw new Error(`content is ${expected} bytes short of its shape`);
          return ++handles as ContentHandle;
        },
      };
    },
  };
}
