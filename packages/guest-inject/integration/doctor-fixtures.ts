import type { ProcessConfig } from "@bootlayer/image-spec";
import {
  byteString,
  epoch,
  type Attributes,
  type ContentHandle,
  type DirectoryNode,
  type FileNode,
  type RootfsNode,
} from "@bootlayer/rootfs-tree";
import type { DoctorImage } from "../src/doctor/doctor-image.ts";

/** A name in an image: text or bytes are a file of mode 0755. */
export type FixtureEntry =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly directory: true }
  | {
      readonly content: string | Uint8Array;
      readonly mode?: number;
      readonly uid?: number;
      readonly gid?: number;
      readonly xattrs?: readonly string[];
    };

/** An image with these paths; the directories above them are made. */
export function doctorImage(
  entries: Readonly<Record<string, FixtureEntry>>,
  config: ProcessConfig = {},
  architecture = "amd64",
): DoctorImage {
  const root = directory();
  const contents = new Map<RootfsNode, Uint8Array>();
  for (const [path, entry] of Object.entries(entries)) {
    const names = path.split("/").filter((name) => name !== "");
    const last = names.pop() ?? "";
    let parent = root;
    for (const name of names) {
      const next = parent.entries.get(byteString(name)) ?? directory();
      if (next.kind !== "directory") throw new Error(`${path} lies below a file`);
      parent.entries.set(byteString(name), next);
      parent = next;
    }
    const node = nodeOf(entry, contents);
    parent.entries.set(byteString(last), node);
  }
  return {
    root,
    config: { os: "linux", architecture, config, rootfs: { type: "layers", diff_ids: [] } },
    platform: { os: "linux", architecture },
    readFile: async (node, limit) => (contents.get(node) ?? new Uint8Array()).subarray(0, limit),
  };
}

function nodeOf(entry: FixtureEntry, contents: Map<RootfsNode, Uint8Array>): RootfsNode {
  if (typeof entry === "string" || entry instanceof Uint8Array) return nodeOf({ content: entry }, contents);
  if ("link" in entry) return { kind: "symlink", attributes: attributes({}), target: byteString(entry.link) };
  if ("directory" in entry) return directory();
  const bytes = Buffer.from(entry.content);
  const node: FileNode = {
    kind: "file",
    attributes: attributes(entry),
    size: bytes.length,
    content: bytes.length === 0 ? undefined : ((contents.size + 1) as ContentHandle),
  };
  contents.set(node, bytes);
  return node;
}

function directory(): DirectoryNode {
  return { kind: "directory", attributes: attributes({}), entries: new Map() };
}

function attributes({
  mode = 0o755,
  uid = 0,
  gid = 0,
  xattrs = [],
}: {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly xattrs?: readonly string[];
}): Attributes {
  const named = xattrs.map((name) => [byteString(name), new Uint8Array([1])] as const);
  return { mode, uid, gid, mtime: epoch, xattrs: new Map(named) };
}

export interface ElfFixture {
  readonly bits?: 32 | 64;
  readonly big?: boolean;
  readonly machine?: number;
  readonly type?: number;
  readonly interpreter?: string;
  /** Where the interpreter's path lies; patchelf moves it to the end of a program. */
  readonly interpreterAt?: number;
}

/** An ELF header with one program header for the interpreter, or none (elf(5)). */
export function elf({
  bits = 64,
  big = false,
  machine = 62,
  type = 3,
  interpreter,
  interpreterAt = 256,
}: ElfFixture = {}): Buffer {
  const wide = bits === 64;
  const path = interpreter === undefined ? Buffer.alloc(0) : Buffer.from(`${interpreter}\0`);
  const file = Buffer.alloc(Math.max(256, interpreterAt + path.length));
  const u16 = (value: number, at: number) =>
    big ? file.writeUInt16BE(value, at) : file.writeUInt16LE(value, at);
  const u32 = (value: number, at: number) =>
    big ? file.writeUInt32BE(value, at) : file.writeUInt32LE(value, at);
  const word = (value: number, at: number) => u32(value, wide && big ? at + 4 : at);
  file.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, big ? 2 : 1, 1]);
  u16(type, 16);
  u16(machine, 18);
  const table = wide ? 64 : 52;
  word(table, wide ? 32 : 28);
  u16(wide ? 56 : 32, wide ? 54 : 42);
  u16(interpreter === undefined ? 0 : 1, wide ? 56 : 44);
  if (interpreter !== undefined) {
    u32(3, table);
    word(interpreterAt, table + (wide ? 8 : 4));
    word(path.length, table + (wide ? 32 : 16));
    file.set(path, interpreterAt);
  }
  return file;
}
