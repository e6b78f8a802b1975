import { createRequire } from "node:module";
import { open } from "node:fs/promises";
import { FileDisk } from "file-disk";
import type { TreeEntryType } from "./list-tree.ts";

/** What libext2fs tells of one name. Its binding cuts owners to 16 bits and times to seconds: so they are not here. */
export interface Libext2Entry {
  readonly type: TreeEntryType;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly links: number;
  /** Bytes of a file's content or a symbolic link's target. */
  readonly size?: number;
  readonly linkTarget?: string;
}

export interface Libext2Image {
  /** All names by path; `/` is the root. The binding reads names as UTF-8: an image with other names is refused. */
  readonly list: () => Promise<Map<string, Libext2Entry>>;
  /** A file's content; of use for files well below 2 GiB. */
  readonly readFile: (path: string) => Promise<Buffer>;
}

/**
 * Reads an ext4 image with e2fsprogs' library compiled to WebAssembly (npm's ext2fs), for the time of `use`: works as any
 * user on any system, and writes nothing. Not for two calls at once: the library has one state per process.
 */
export async function withLibext2<T>(image: string, use: (image: Libext2Image) => Promise<T>): Promise<T> {
  const handle = await open(image, "r");
  try {
    const disk = new FileDisk(handle, true);
    return await loadExt2fs().withMountedDisk(disk, 0, async ({ promises }) => await use(reader(promises)));
  } finally {
    await handle.close();
  }
}

/** The part of npm's ext2fs that is used here; the package has no types. */
interface Ext2fs {
  withMountedDisk<T>(
    disk: FileDisk,
    offset: number,
    use: (fs: { promises: Ext2Promises }) => Promise<T>,
  ): Promise<T>;
}

interface Ext2Promises {
  readdir(path: string): Promise<string[]>;
  lstat(path: string): Promise<{ readonly mode: number; readonly size: number; readonly nlink: number }>;
  readlink(path: string): Promise<string>;
  open(path: string, flags: "r"): Promise<Ext2File>;
  close(fd: number): Promise<void>;
}

interface Ext2File {
  readonly fd: number;
  stat(): Promise<{ readonly size: number }>;
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
}

/** Loaded only here: the binding hooks the process's handlers of uncaught errors as soon as it is loaded. */
function loadExt2fs(): Ext2fs {
  return createRequire(import.meta.url)("ext2fs") as Ext2fs;
}

/** What one read asks for: the library copies it within its own small memory. */
const READ_BYTES = 2 ** 20;

const TYPES: ReadonlyMap<number, TreeEntryType> = new Map([
  [0o010000, "fifo"],
  [0o020000, "character-device"],
  [0o040000, "directory"],
  [0o060000, "block-device"],
  [0o100000, "file"],
  [0o120000, "symlink"],
  [0o140000, "socket"],
]);

function reader(fs: Ext2Promises): Libext2Image {
  async function list(): Promise<Map<string, Libext2Entry>> {
    const entries = new Map<string, Libext2Entry>();
    const waiting = ["/"];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const entry = await describeEntry(path);
      entries.set(path, entry);
      if (entry.type !== "directory") continue;
      for (const name of await fs.readdir(path)) {
        if (name.includes("\uFFFD")) throw new Error(`${path} has a name that is not UTF-8: ${name}`);
        waiting.push(path === "/" ? `/${name}` : `${path}/${name}`);
      }
    }
    return new Map([...entries].toSorted(([left], [right]) => (left < right ? -1 : 1)));
  }

  async function describeEntry(path: string): Promise<Libext2Entry> {
    const { mode, size, nlink } = await fs.lstat(path);
    const type = TYPES.get(mode & 0o170000);
    if (type === undefined) throw new Error(`${path} has the mode ${mode.toString(8)}, which is no type`);
    const common = { type, mode: mode & 0o7777, links: nlink };
    if (type === "symlink") return { ...common, size, linkTarget: await fs.readlink(path) };
    return type === "file" ? { ...common, size } : common;
  }

  /** The binding's own readFile decodes as UTF-8 whatever it is asked. */
  async function readFile(path: string): Promise<Buffer> {
    const file = await fs.open(path, "r");
    try {
      const content = Buffer.alloc((await file.stat()).size);
      for (let position = 0; position < content.length;) {
        const part = content.subarray(position, position + READ_BYTES);
        const { bytesRead } = await file.read(part, 0, part.length, position);
        if (bytesRead === 0) throw new Error(`${path} ends at ${position} of ${content.length} bytes`);
        position += bytesRead;
      }
      return content;
    } finally {
      await fs.close(file.fd);
    }
  }

  return { list, readFile };
}
