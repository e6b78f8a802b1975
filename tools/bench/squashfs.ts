/**
 * Times a squashfs build from a filled layout against the floor and against others' tools, in one run, in turns.
 *
 *     node tools/bench/squashfs.ts [--runs 3] [--compression zstd|gzip|xz|lz4] [--block-size 131072] [IMAGE ...]
 *
 * Level 15 of zstd, 9 of gzip, the default of xz, lz4's high compression. As root, since umoci needs it. Prints the table of
 * docs/performance.md.
 */
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { REAL_IMAGE_NAMES, realImage } from "@bootlayer/test-fixtures";
import { atLeastOne, namedImages, oneOf } from "../src/command-line.ts";
import { measure, type Measurement } from "./measure.ts";
import { squashfsBuild } from "./squashfs-build.ts";
import {
  flattenedTar,
  peerCompressors,
  sqfstar,
  tar2sqfs,
  umociAndMksquashfs,
  type PeerCompressor,
} from "./squashfs-peers.ts";
import { measurementCells, measurementColumns, medianWall, printHead, printRow } from "./table.ts";

const root = join(import.meta.dirname, "../..");
const scratch = join(root, ".cache/bench");
/** What the layers are compressed with. */
const tag = "gzip";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "3" },
    compression: { type: "string", default: "zstd" },
    "block-size": { type: "string", default: "131072" },
  },
});
const compressor = oneOf("--compression", peerCompressors, values.compression);
const blockSize = atLeastOne("--block-size", values["block-size"]);
const turns = atLeastOne("--runs", values.runs);
// The floor of busybox is the start of a process.
const images = namedImages(
  positionals,
  REAL_IMAGE_NAMES.filter((name) => name !== "busybox"),
);
const ours = { zstd: "zstd:15", gzip: "gzip:9", xz: "xz:6", lz4: "lz4:hc" } satisfies Record<
  PeerCompressor,
  string
>;

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  /** Without one it only prints how many bytes came out. */
  readonly image?: string;
}

interface Run extends Measurement {
  readonly bytes: number | undefined;
}

const work = join(scratch, "work");
const image = join(work, "disk.squashfs");

function contenders(layout: string, tar: string, contents: string): readonly Contender[] {
  const floor = join(import.meta.dirname, "squashfs-floor.ts");
  return [
    {
      name: "bootlayer",
      command: squashfsBuild(layout, tag, { work, image, compression: ours[compressor], blockSize }),
      image,
    },
    {
      name: "floor",
      // The threads are the writer's own, of the packages' sources.
      command: [
        process.execPath,
        "--conditions=@bootlayer/source",
        floor,
        contents,
        ours[compressor],
        String(blockSize),
      ],
    },
    { name: "sqfstar, of a tar", command: sqfstar(tar, compressor, blockSize, image), image },
    { name: "tar2sqfs, of a tar", command: tar2sqfs(tar, compressor, blockSize, image), image },
    {
      name: "umoci + mksquashfs",
      command: umociAndMksquashfs(layout, tag, compressor, blockSize, work, image),
      image,
    },
  ];
}

function runOnce({ command, image: written }: Contender): Run {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  try {
    const measurement = measure(command, root);
    return { ...measurement, bytes: written === undefined ? undefined : statSync(written).size };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The image's contents, each once, in blocks that are not compressed: what the floor is given. */
function uncompressedImage(layout: string, directory: string): string {
  const contents = join(directory, `contents-${blockSize}`);
  const command = squashfsBuild(layout, tag, { work, image: contents, compression: "none", blockSize });
  measure(command, root);
  return contents;
}

const mebibytes = (bytes: number | undefined): string =>
  bytes === undefined ? "" : (bytes / 2 ** 20).toFixed(2);

printHead(["image", "", ...measurementColumns, "image MiB", "wall, as a multiple of the floor"]);
for (const name of images) {
  const { layout } = await realImage(name);
  const prepared = join(scratch, `squashfs-${name}`);
  const tar = flattenedTar(layout, tag, prepared);
  const entrants = contenders(layout, tar, uncompressedImage(layout, prepared));
  const results = new Map<string, Run[]>(entrants.map((contender) => [contender.name, []]));
  for (let turn = 0; turn < turns; turn++)
    for (const contender of entrants) results.get(contender.name)?.push(runOnce(contender));
  const floor = medianWall(results.get("floor") ?? []);
  for (const [contender, runs] of results)
    printRow([
      `${name}, ${ours[compressor]}, ${blockSize / 1024}K`,
      contender,
      ...measurementCells(runs),
      mebibytes(runs[0]?.bytes),
      (medianWall(runs) / floor).toFixed(2),
    ]);
}
