import { displayText, type ByteString } from "@bootlayer/rootfs-tree";
import { splitLast } from "./entry-path.ts";
import { flattenError } from "./errors.ts";

/** What a normalised path in a layer stands for (image-spec layer.md, "Whiteouts"), whatever the entry's type. */
export type PathMeaning = Readonly<
  | { kind: "entry" }
  /** Hides this path in lower layers. */
  | { kind: "whiteout"; path: ByteString }
  /** Hides all that lower layers have below this path. */
  | { kind: "opaque"; path: ByteString }
  /** The union file system aufs kept this for itself. */
  | { kind: "aufs" }
  /** A file that aufs put aside so that hard links may name it. */
  | { kind: "aufs-pseudo-link" }
>;

const prefix = ".wh.";
const opaqueMarker = ".wh..wh..opq";
const pseudoLinks = ".wh..wh.plnk";
const aufsNames = new Set<string>([pseudoLinks, ".wh..wh.aufs", ".wh..wh.orph"]);
const entry: PathMeaning = { kind: "entry" };

/** @throws {FlattenError} LAYER_WHITEOUT for a whiteout of nothing, of `.` or `..`, and for a path through one. */
export function pathMeaning(path: ByteString, layer: string): PathMeaning {
  if (!path.includes(prefix)) return entry;
  const names = path.split("/") as ByteString[];
  const aufs = names.findIndex((name) => aufsNames.has(name));
  if (aufs >= 0)
    return { kind: names[aufs] === pseudoLinks && aufs < names.length - 1 ? "aufs-pseudo-link" : "aufs" };
  const { parent, name } = splitLast(path);
  const invalid = (what: string): Error =>
    flattenError("LAYER_WHITEOUT", `${layer}: ${displayText(path)} ${what}`);
  if (names.slice(0, -1).some((directory) => directory.startsWith(prefix)))
    throw invalid("leads through a whiteout");
  if (!name.startsWith(prefix)) return entry;
  if (name === opaqueMarker) return { kind: "opaque", path: parent };
  const hidden = name.slice(prefix.length);
  if (hidden === "" || hidden === "." || hidden === "..") throw invalid("is a whiteout of no name");
  return { kind: "whiteout", path: (parent === "" ? hidden : `${parent}/${hidden}`) as ByteString };
}
