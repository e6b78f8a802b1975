import { displayText, type ByteString } from "@bootlayer/rootfs-tree";
import { flattenError, tarError } from "./errors.ts";
import type { LayerLimits } from "./limits.ts";

/** What stands between or around slashes that a normalised path does not have. */
const irregular = /(?:^|\/)(?:\.{0,2})(?:\/|$)/;

/**
 * A path of an archive without leading, doubled and trailing slashes, `.` and `..`; empty for the root. `..` takes the
 * name before it back, as written: container tools clean names so, before they look at any symlink.
 *
 * @throws {FlattenError} LAYER_PATH_ESCAPES if `..` leaves the root. @throws {TarError} TAR_LIMIT.
 */
export function normaliseEntryPath(path: ByteString, layer: string, limits: LayerLimits): ByteString {
  if (path.length > limits.pathBytes)
    throw tarError("TAR_LIMIT", layer, `a path is over ${limits.pathBytes} bytes: ${shorten(path)}`);
  const normal = irregular.test(path) ? clean(path, layer) : path;
  for (let start = 0; start <= normal.length;) {
    const slash = normal.indexOf("/", start);
    const end = slash < 0 ? normal.length : slash;
    if (end - start > limits.nameBytes)
      throw tarError("TAR_LIMIT", layer, `a name is over ${limits.nameBytes} bytes: ${shorten(path)}`);
    start = end + 1;
  }
  return normal;
}

function clean(path: ByteString, layer: string): ByteString {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") names.push(name);
    else if (names.pop() === undefined)
      throw flattenError("LAYER_PATH_ESCAPES", `${layer}: entry ${displayText(path)} leaves the root`);
  }
  return names.join("/") as ByteString;
}

function shorten(path: ByteString): string {
  return `${displayText(path.slice(0, 80) as ByteString)}...`;
}

/** The directory's path and the name in it; both empty for the root. */
export function splitLast(path: ByteString): { readonly parent: ByteString; readonly name: ByteString } {
  const slash = path.lastIndexOf("/");
  return {
    parent: path.slice(0, Math.max(slash, 0)) as ByteString,
    name: path.slice(slash + 1) as ByteString,
  };
}
