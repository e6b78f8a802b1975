export { attributes, treeMaker, xattrs, type TreeMaker } from "./tree-maker.ts";
export { fillImage, type Fill, type FilledImage, type SummingWriter } from "./fill-image.ts";
export { fillWithEveryKind, type Edges } from "./every-kind.ts";
export { fillRandomly, randomTree, type RandomTreeOptions } from "./random-tree.ts";
export { expectSameTree, run } from "./judging.ts";
export { withDirectory } from "./with-directory.ts";
export { testImageWriter, type WriterUnderTest } from "./contract.ts";
export { testOptions, type OptionsUnderTest } from "./test-options.ts";
export { withSmallDisk } from "./with-small-disk.ts";
