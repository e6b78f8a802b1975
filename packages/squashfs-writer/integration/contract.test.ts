import { testImageWriter } from "@bootlayer/test-fixtures/image-writers";
import { describe } from "vitest";
import { createSquashfsImage, type SquashfsOptions } from "../src/index.ts";

/** So that a content of less than a block stands in the image as it is. */
const plain: SquashfsOptions = { compression: { kind: "none" }, blockSize: 1_048_576 };

describe.each([0, 2])("with %i threads", (threads) => {
  testImageWriter({
    create: (path, options) => createSquashfsImage(path, { ...plain, ...options, threads }),
    codes: {
      content: "SQUASHFS_CONTENT_INVALID",
      tree: "SQUASHFS_TREE_INVALID",
      state: "SQUASHFS_WRITER_STATE",
    },
  });
});
