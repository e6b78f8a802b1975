import { parseDigest } from "@bootlayer/image-spec";
import {
  byteString,
  displayText,
  walkTree,
  type ContentHandle,
  type ContentShape,
  type ContentWriter,
  type RootfsNode,
} from "@bootlayer/rootfs-tree";
import { layerBlob, tarArchive, type LayerBlob, type TarEntry } from "@bootlayer/test-fixtures";
import { flattenLayers, type FlattenedImage, type FlattenOptions, type LayerSource } from "../src/index.ts";

/** A layer from memory, in chunks whose memory is overwritten as soon as the next one is asked for. */
export function sourceOf(blob: LayerBlob, chunkBytes = 65_536): LayerSource {
  const { digest, ...rest } = blob.descriptor;
  return {
    descriptor: { ...rest, digest: parseDigest(digest) },
    diffId: parseDigest(blob.diffId),
    async *open() {
      const chunk = Buffer.alloc(chunkBytes);
      for (let at = 0; at < blob.bytes.length; at += chunkBytes) {
        yield chunk.subarray(0, blob.bytes.copy(chunk, 0, at, at + chunkBytes));
        chunk.fill(0xee);
      }
    },
  };
}

/** What an image writer was given, kept. */
export interface KeptContents extends ContentWriter {
  /** In the order of the calls: a handle is the place in this list. */
  readonly given: readonly { readonly shape: ContentShape; readonly data: Buffer }[];
}

/** `maxOpenContents`: 1 has the walk read one layer after another, 2 two at a time. */
export function keepContents(maxOpenContents = 2): KeptContents {
  const given: { shape: ContentShape; data: Buffer }[] = [];
  let open = 0;
  return {
    given,
    maxOpenContents,
    openContent(shape) {
      if (++open > maxOpenContents) throw new Error(`more than ${maxOpenContents} contents are open at once`);
      const content = { shape, data: Buffer.alloc(0) };
      const handle = (given.push(content) - 1) as ContentHandle;
      const pieces: Buffer[] = [];
      return {
        write(bytes) {
          pieces.push(Buffer.from(bytes));
        },
        close() {
          open--;
          content.data = Buffer.concat(pieces);
          return handle;
        },
      };
    },
  };
}

export interface FlattenResult extends FlattenedImage {
  readonly contents: KeptContents;
  /**
   * Each path with what is there in short: `"text"` of a file, `/` for a directory, `-> target` for a symlink, or the
   * kind. Names of one inode end in ` #1`, ` #2` and so on.
   */
  readonly tree: Readonly<Record<string, string>>;
  readonly node: (path: string) => RootfsNode;
}

/** Flattens layers given as entries (then as plain tar) or blobs, the base first. */
export async function flatten(
  layers: readonly (readonly TarEntry[] | LayerBlob)[],
  { maxOpenContents, ...options }: FlattenOptions & { readonly maxOpenContents?: number } = {},
): Promise<FlattenResult> {
  const contents = keepContents(maxOpenContents);
  const sources = layers.map((layer) =>
    sourceOf("descriptor" in layer ? layer : layerBlob(tarArchive(layer), "none")),
  );
  const image = await flattenLayers(sources, contents, options);
  const nodes = new Map([...walkTree(image.root)].map(({ path, node }) => [path, node]));
  const links = Map.groupBy(nodes, ([, node]) => node);
  const groups = [...links].flatMap(([node, names]) => (names.length > 1 ? [node] : []));
  const describe = (node: RootfsNode): string => {
    const group = groups.indexOf(node);
    return summary(node, contents) + (group < 0 ? "" : ` #${group + 1}`);
  };
  return {
    ...image,
    contents,
    tree: Object.fromEntries(
      [...nodes].flatMap(([path, node]) => (path === "" ? [] : [[displayText(path), describe(node)]])),
    ),
    node: (path) => {
      const node = nodes.get(byteString(path));
      if (node === undefined) throw new Error(`the tree has no ${path}`);
      return node;
    },
  };
}

function summary(node: RootfsNode, contents: KeptContents): string {
  switch (node.kind) {
    case "file":
      return JSON.stringify(fileBytes(node, contents).toString());
    case "directory":
      return "/";
    case "symlink":
      return `-> ${displayText(node.target)}`;
    case "character-device":
    case "block-device":
      return `${node.kind} ${node.device.major}:${node.device.minor}`;
    default:
      return node.kind;
  }
}

/** A file's bytes with zeros in its holes. */
export function fileBytes(node: RootfsNode, { given }: KeptContents): Buffer {
  if (node.kind !== "file") throw new Error(`a ${node.kind} has no bytes`);
  const bytes = Buffer.alloc(node.size);
  if (node.content === undefined) return bytes;
  const content = given[node.content];
  if (content === undefined || content.shape.size !== node.size)
    throw new Error("the handle is not of this file");
  let at = 0;
  for (const { offset, length } of content.shape.dataRegions ?? [{ offset: 0, length: node.size }])
    at += content.data.copy(bytes, offset, at, at + length);
  return bytes;
}
