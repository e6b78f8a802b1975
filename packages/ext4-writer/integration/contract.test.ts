import { testImageWriter } from "@bootlayer/test-fixtures/image-writers";
import { createExt4Image } from "../src/index.ts";

testImageWriter({
  create: createExt4Image,
  codes: { content: "EXT4_CONTENT_INVALID", tree: "EXT4_TREE_INVALID", state: "EXT4_WRITER_STATE" },
});
