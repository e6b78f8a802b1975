export {
  createExt4Image,
  type CreateExt4ImageOptions,
  type Ext4ImageWriter,
  type Ext4Summary,
} from "./ext4-image.ts";
export type { Ext4Options, Ext4Size } from "./options.ts";
export type { BlockSize } from "./geometry.ts";
export { autoFreeBytes, autoFreeInodes } from "./capacity.ts";
export { Ext4Error, Ext4SizeError, type Ext4ErrorCode } from "./errors.ts";
