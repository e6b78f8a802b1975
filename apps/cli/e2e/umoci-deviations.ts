import type { TreeDifference } from "@bootlayer/test-fixtures";

export interface ExplainedDifference extends TreeDifference {
  readonly reason: string;
}

/**
 * Where a mounted disk may differ from what umoci 0.4.7 unpacks, and why. Each rule names exactly the difference that it
 * explains; anything else is a fault.
 *
 * @param unpackedSince when umoci started, in nanoseconds since 1970.
 */
export function explainDifference(difference: TreeDifference, unpackedSince: bigint): string | undefined {
  const { path, field, expected, actual } = difference;
  if (path === "/lost+found" && field === "type" && actual === "directory")
    return "a directory of the file system itself, not of the image";
  if (field === "mtime" && actual === "0" && BigInt(expected ?? 0) >= unpackedSince)
    return "a directory that no layer describes: umoci gives it the time of unpacking, a disk must not depend on the clock";
  if (field === "xattrs" && withoutEmptyValues(actual) === expected)
    return "Go's archive/tar takes a PAX record with an empty value for a deletion, so umoci loses empty xattrs";
  return undefined;
}

export function sortDifferences(
  differences: readonly TreeDifference[],
  unpackedSince: bigint,
): { readonly explained: readonly ExplainedDifference[]; readonly unexplained: readonly TreeDifference[] } {
  const explained: ExplainedDifference[] = [];
  const unexplained: TreeDifference[] = [];
  for (const difference of differences) {
    const reason = explainDifference(difference, unpackedSince);
    if (reason === undefined) unexplained.push(difference);
    else explained.push({ ...difference, reason });
  }
  return { explained, unexplained };
}

/** Xattrs stand as `name=hex`, separated by blanks. */
function withoutEmptyValues(xattrs: string | undefined): string | undefined {
  return xattrs
    ?.split(" ")
    .filter((xattr) => !xattr.endsWith("="))
    .join(" ");
}
