import type { TreeEntry, TreeListing } from "./list-tree.ts";

export type TreeField = keyof TreeEntry;

export interface TreeDifference {
  readonly path: string;
  /** A path that only one side has differs in `type`, the other side's being absent; nothing more is said of it. */
  readonly field: TreeField;
  /** As text: numbers in decimal (mode in octal), xattrs as `name=hex` in order of the names. */
  readonly expected: string | undefined;
  readonly actual: string | undefined;
}

/** Every field has to be named here, so that a new one is not forgotten. */
const AS_TEXT: { readonly [Field in TreeField]-?: (entry: TreeEntry) => string | undefined } = {
  type: (entry) => entry.type,
  mode: (entry) => entry.mode.toString(8).padStart(4, "0"),
  uid: (entry) => String(entry.uid),
  gid: (entry) => String(entry.gid),
  mtime: (entry) => String(entry.mtime),
  size: (entry) => entry.size?.toString(),
  device: ({ device }) => device && `${device.major}:${device.minor}`,
  linkTarget: (entry) => entry.linkTarget,
  linkGroup: (entry) => entry.linkGroup,
  links: (entry) => entry.links?.toString(),
  xattrs: (entry) =>
    [...entry.xattrs]
      .map(([name, value]) => `${name}=${value}`)
      .toSorted()
      .join(" "),
  sha256: (entry) => entry.sha256,
};

/** All differences between two trees, in byte order of the paths. */
export function compareTrees(expected: TreeListing, actual: TreeListing): TreeDifference[] {
  const paths = [...new Set([...expected.keys(), ...actual.keys()])].toSorted(byBytes);
  return paths.flatMap((path) => compareEntries(path, expected.get(path), actual.get(path)));
}

/** Differences as lines for a person, the first `limit` of them. */
export function formatDifferences(differences: readonly TreeDifference[], limit = 50): string {
  const lines = differences
    .slice(0, limit)
    .map(
      ({ path, field, expected, actual }) =>
        `${JSON.stringify(path)} ${field}: expected ${expected ?? "(absent)"}, got ${actual ?? "(absent)"}`,
    );
  if (differences.length > limit) lines.push(`and ${differences.length - limit} more`);
  return lines.join("\n");
}

function compareEntries(
  path: string,
  expected: TreeEntry | undefined,
  actual: TreeEntry | undefined,
): TreeDifference[] {
  if (expected?.type !== actual?.type)
    return [{ path, field: "type", expected: expected?.type, actual: actual?.type }];
  if (expected === undefined || actual === undefined) return [];
  return (Object.keys(AS_TEXT) as TreeField[])
    .map((field) => ({ path, field, expected: AS_TEXT[field](expected), actual: AS_TEXT[field](actual) }))
    .filter((difference) => difference.expected !== difference.actual);
}

function byBytes(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
