import { ImageSpecError, maxDocumentBytes } from "@bootlayer/image-spec";
import { indexTar, type LayerLimits, type ReadAt, type TarPlace } from "@bootlayer/layer-flattener";
import { displayText, type ByteString } from "@bootlayer/rootfs-tree";
import { BuilderError } from "../errors.ts";
import type { SourceFile } from "./source-file.ts";

/** A file within an archive. */
export interface ArchiveEntry {
  readonly name: string;
  /** Of its first byte in the archive. */
  readonly offset: number;
  readonly size: number;
}

/** An image archive's files by name. */
export interface ArchiveEntries {
  readonly file: SourceFile;
  has(name: string): boolean;
  /**
   * The file of that name, through links within the archive.
   *
   * @throws {BuilderError} SOURCE_ARCHIVE if there is none, or links lead in a circle.
   */
  find(name: string): ArchiveEntry;
}

/** An archive of a whole store has some tens of thousands. */
const maxEntries = 200_000;
const maxLinks = 16;

type Named =
  | { readonly kind: "file"; readonly entry: ArchiveEntry }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "other"; readonly why: string };

/**
 * Finds out by one pass over its headers what an image archive holds. Its names are looked up and nothing else is done
 * with them: none becomes a path of this machine.
 *
 * @throws {BuilderError} SOURCE_ARCHIVE for a name that two files have: readers would disagree on which one counts;
 * SOURCE_LIMIT. @throws {TarError}
 */
export async function readArchiveEntries(
  file: SourceFile,
  limits: LayerLimits,
  signal: AbortSignal,
): Promise<ArchiveEntries> {
  const entries = new Map<string, Named>();
  const readAt: ReadAt = (position, length) => file.readAt(position, length);
  for await (const place of indexTar(readAt, file.size, { name: file.name, limits })) {
    signal.throwIfAborted();
    const { entry } = place;
    if (entry.kind === "directory") continue;
    if (entry.path.length > limits.pathBytes || entries.size >= maxEntries)
      throw new BuilderError(
        "SOURCE_LIMIT",
        `${file.name} has more than ${maxEntries} entries, or a name over ${limits.pathBytes} bytes`,
        "an image archive has no need of that",
      );
    const name = normalise(entry.path);
    if (entries.has(name))
      throw archiveError(file.name, `has two entries of the name ${displayText(entry.path)}`);
    entries.set(name, named(place));
  }

  function find(name: string): ArchiveEntry {
    let at = normalise(name);
    for (let links = 0; links <= maxLinks; links++) {
      const found = entries.get(at);
      if (found?.kind === "file") return found.entry;
      if (found === undefined)
        throw archiveError(
          file.name,
          `lacks ${shown(at)}${links === 0 ? "" : `, to which ${shown(name)} leads`}`,
        );
      if (found.kind === "other") throw archiveError(file.name, `has as ${shown(at)} ${found.why}`);
      at = found.target;
    }
    throw archiveError(file.name, `has links that lead in a circle from ${shown(name)}`);
  }

  return { file, has: (name) => entries.has(normalise(name)), find };
}

/**
 * The whole of a document.
 *
 * @throws {ImageSpecError} DOCUMENT_TOO_LARGE. @throws {BuilderError} SOURCE_CHANGED.
 */
export async function readDocumentAt(
  file: SourceFile,
  { name, offset, size }: ArchiveEntry,
): Promise<Uint8Array> {
  if (size > maxDocumentBytes)
    throw new ImageSpecError(
      "DOCUMENT_TOO_LARGE",
      `${shown(name)} in ${file.name} has ${size} bytes, more than ${maxDocumentBytes}`,
      "no image needs a document of that size",
    );
  return file.readAt(offset, size);
}

export function archiveError(archive: string, what: string, options?: ErrorOptions): BuilderError {
  return new BuilderError(
    "SOURCE_ARCHIVE",
    `archive ${archive} ${what}`,
    "make the archive anew: skopeo copy, docker save and podman save write sound ones",
    options,
  );
}

function named({ entry, offset, length }: TarPlace): Named {
  const name = normalise(entry.path);
  switch (entry.kind) {
    case "file":
      return entry.dataRegions === undefined
        ? { kind: "file", entry: { name, offset, size: length } }
        : { kind: "other", why: "a sparse file" };
    case "hardlink":
      return { kind: "link", target: normalise(entry.linkTarget) };
    case "symlink": {
      const parent = name.slice(0, name.lastIndexOf("/") + 1);
      return { kind: "link", target: normalise(`${parent}${entry.linkTarget}` as ByteString) };
    }
    default:
      return { kind: "other", why: `a ${entry.kind}` };
  }
}

/** `..` beyond the top stays in the name, which then is no entry's. */
function normalise(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name === ".." && names.length > 0 && names.at(-1) !== "..") names.pop();
    else names.push(name);
  }
  return names.join("/");
}

function shown(name: string): string {
  return displayText(name.slice(0, 200) as ByteString);
}
