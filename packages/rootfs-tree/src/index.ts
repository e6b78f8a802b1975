export {
  byteString,
  bytesOf,
  byteStringOf,
  compareByteStrings,
  displayPath,
  displayText,
  type ByteString,
} from "./byte-string.ts";
export {
  isDirectory,
  type Attributes,
  type BlockDeviceNode,
  type CharacterDeviceNode,
  type ContentHandle,
  type DeviceNumber,
  type DirectoryNode,
  type FifoNode,
  type FileNode,
  type NodeKind,
  type RootfsNode,
  type SocketNode,
  type SymlinkNode,
  type Timestamp,
  type Xattrs,
} from "./node.ts";
export { compareTimestamps, epoch, timestampFromNanoseconds } from "./timestamp.ts";
export { countNodes, sortedEntries, walkTree, type NodeCounts, type TreeEntry } from "./tree.ts";
export { surveyTree, type SurveyOptions, type TreeSurvey } from "./survey-tree.ts";
export { checkpoint, type Checkpoint } from "./checkpoint.ts";
export { resolvePath, splitPath, type PathResolution, type ResolvePathOptions } from "./resolve-path.ts";
export {
  dataLength,
  shapeFault,
  type ContentShape,
  type ContentSink,
  type ContentWriter,
  type DataRegion,
  type ImageSummary,
  type ImageWriter,
} from "./image-writer.ts";
export { RootfsTreeError, type RootfsTreeErrorCode } from "./errors.ts";
