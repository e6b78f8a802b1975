import { discardContents, flattenLayers } from "@bootlayer/layer-flattener";
import {
  byteString,
  displayText,
  isDirectory,
  resolvePath,
  sortedEntries,
  type ByteString,
  type RootfsNode,
} from "@bootlayer/rootfs-tree";
import type { BuildRequest, Environment } from "./build-options.ts";
import { withCancellation } from "./cancellation.ts";
import { BuilderError } from "./errors.ts";
import { openSource } from "./open-source.ts";
import { withLayers } from "./opened-source.ts";
import { stageClock } from "./stages.ts";

export interface ListRequest extends Pick<BuildRequest, "source" | "platform" | "limits"> {
  /** What to list; default: the root. Symlinks are followed inside the image. */
  readonly path?: string | undefined;
}

export interface ListedFile {
  readonly name: ByteString;
  readonly node: RootfsNode;
}

/**
 * What the flattened image holds at a path: a directory's entries in byte order, or the one file. Pulls and reads all
 * layers; writes no disk.
 *
 * @throws {BuilderError} PATH_NOT_FOUND.
 */
export async function listFiles(
  { path = "/", limits = {}, ...request }: ListRequest,
  environment: Environment,
): Promise<readonly ListedFile[]> {
  return withCancellation(environment.signal, async (signal) => {
    const onEvent = environment.onEvent ?? (() => {});
    await using source = await openSource({ ...request, limits }, environment, {
      clock: stageClock(onEvent),
      onEvent,
      signal,
    });
    const { root } = await withLayers(source, signal, (layers, signal) =>
      flattenLayers(layers, discardContents(), { signal, onEvent, limits }),
    );
    const wanted = byteString(path);
    const found = resolvePath(root, wanted, { followLast: true });
    if (found.kind !== "found")
      throw new BuilderError(
        "PATH_NOT_FOUND",
        `${displayText(wanted)} is not in ${request.source}`,
        "list its parent directory",
      );
    if (isDirectory(found.node)) return sortedEntries(found.node).map(([name, node]) => ({ name, node }));
    return [{ name: wanted, node: found.node }];
  });
}
