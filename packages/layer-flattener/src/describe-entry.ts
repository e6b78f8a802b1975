import { displayText, type Attributes } from "@bootlayer/rootfs-tree";
import { normaliseEntryPath } from "./entry-path.ts";
import { flattenError, tarError } from "./errors.ts";
import type { LayerEntry } from "./layer-entry.ts";
import type { LayerLimits } from "./limits.ts";
import { dataBytes } from "./read-layer.ts";
import type { TarEntry } from "./tar/tar-entry.ts";
import { pathMeaning } from "./whiteout.ts";

export interface DescribeOptions {
  /** Names the layer in errors. */
  readonly layer: string;
  readonly limits: LayerLimits;
  readonly attributesOf: (entry: TarEntry) => Attributes;
}

/**
 * What an archive's entry says of the tree; `undefined` if nothing (aufs's own files).
 *
 * @throws {FlattenError} LAYER_PATH_ESCAPES, LAYER_WHITEOUT, LAYER_ROOT. @throws {TarError} TAR_LIMIT, TAR_NAME.
 */
export function describeEntry(
  entry: TarEntry,
  ordinal: number,
  { layer, limits, attributesOf }: DescribeOptions,
): LayerEntry | undefined {
  const path = normaliseEntryPath(entry.path, layer, limits);
  const meaning = pathMeaning(path, layer);
  if (meaning.kind === "whiteout" || meaning.kind === "opaque") return meaning;
  if (meaning.kind === "aufs" || (meaning.kind === "aufs-pseudo-link" && entry.kind !== "file"))
    return undefined;
  if (path === "" && entry.kind !== "directory")
    throw flattenError("LAYER_ROOT", `${layer}: the root is a ${entry.kind}`);
  if (entry.kind === "hardlink") {
    const target = normaliseEntryPath(entry.linkTarget, layer, limits);
    return { kind: "hardlink", path, target };
  }
  const attributes = attributesOf(entry);
  switch (entry.kind) {
    case "file":
      return {
        kind: meaning.kind === "aufs-pseudo-link" ? "pseudo-link" : "file",
        path,
        attributes,
        size: entry.size,
        dataBytes: dataBytes(entry),
        ordinal,
        content: undefined,
      };
    case "symlink":
      if (entry.linkTarget.length > limits.linkTargetBytes)
        throw tarError(
          "TAR_LIMIT",
          `${layer}, entry ${displayText(path)}`,
          `its target is over ${limits.linkTargetBytes} bytes`,
        );
      return { kind: "symlink", path, attributes, target: entry.linkTarget };
    case "character-device":
    case "block-device":
      return { kind: entry.kind, path, attributes, device: entry.device };
    case "directory":
      return { kind: "directory", path, attributes };
    default:
      return { kind: "fifo", path, attributes };
  }
}

/** What an entry keeps in memory beyond a fixed amount, in bytes. */
export function metadataBytes(entry: TarEntry): number {
  let bytes = entry.path.length;
  if ("linkTarget" in entry) bytes += entry.linkTarget.length;
  for (const [name, value] of entry.xattrs) bytes += name.length + value.length;
  return bytes;
}
