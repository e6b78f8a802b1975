import type { TreeDifference } from "./compare-trees.ts";

/**
 * Where umoci 0.4.7 departs from the changeset rules (image-spec layer.md), so that a comparison with it can say why. Each
 * line is held by integration/umoci-deviations.test.ts; names in parentheses are functions of its oci/layer/tar_extract.go.
 *
 * What `explainUmociDifference` knows:
 * - `clock-time`: the time of unpacking stays on directories without an entry, on the directories these were made in, and
 *   on directories inside a hidden one from which a later marker takes names (UnpackEntry puts back the times of an entry's
 *   own parent alone; ociWhiteout and MkdirAll change others).
 * - `ignored-xattr`: security.selinux, system.nfs4_acl and trusted.overlay.opaque are never set (ignoreXattrs).
 * - `empty-xattr`: an xattr of no bytes is lost: Go's archive/tar takes a PAX record without value for a deletion.
 *
 * What a comparison cannot know from the difference, and `randomLayers` does not make:
 * - a whiteout of a directory after an entry below it leaves the lower directory with the lower attributes, before it makes
 *   a new one (ociWhiteout spares upperPaths, which hold all ancestors);
 * - directories without an entry get group and setgid from a setgid directory above them (MkdirAll; the kernel's rule);
 * - `.wh..wh.plnk` directories are unpacked; `..` above the root is cut off without an error (CleanPath); xattrs in
 *   LIBARCHIVE records are not read.
 *
 * What it refuses: zstd layers; GNU sparse files (`S`), contiguous files (`7`) and global PAX headers (`g`); a hard link to a
 * name that comes later in its layer, to a directory, to itself; an entry below a name that is a file; a loop of symbolic
 * links on the way to an entry; a whiteout named `.wh.` or `.wh..`, after which its parent is gone.
 */
export type UmociDeviation = "clock-time" | "ignored-xattr" | "empty-xattr";

const IGNORED_XATTRS: ReadonlySet<string> = new Set([
  "security.selinux",
  "system.nfs4_acl",
  "trusted.overlay.opaque",
]);

/**
 * Names the deviation behind a difference of `compareTrees(ofUmoci, ofOther)`, if it is one of umoci's.
 *
 * @param unpackStarted nanoseconds since 1970, before umoci ran.
 */
export function explainUmociDifference(
  { field, expected, actual }: TreeDifference,
  unpackStarted: bigint,
): UmociDeviation | undefined {
  if (expected === undefined || actual === undefined) return undefined;
  if (field === "mtime") return BigInt(expected) >= unpackStarted ? "clock-time" : undefined;
  if (field !== "xattrs") return undefined;
  const lost = words(actual).filter((xattr) => !words(expected).includes(xattr));
  const added = words(expected).filter((xattr) => !words(actual).includes(xattr));
  if (added.length > 0) return undefined;
  if (lost.every((xattr) => xattr.endsWith("="))) return "empty-xattr";
  return lost.every((xattr) => IGNORED_XATTRS.has(xattr.split("=")[0] ?? "")) ? "ignored-xattr" : undefined;
}

function words(text: string): string[] {
  return text === "" ? [] : text.split(" ");
}
