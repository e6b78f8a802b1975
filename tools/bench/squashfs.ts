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
import { measure, median, type Measurement } from "./measure.ts";
import { squashfsBuild } from "./squashfs-build.ts";
import {
  flattenedTar,
  peerCompressors,
  sqfstar,
  tar2sqfs,
  umociAndMksquashfs,
  type PeerCompressor,
} from "./squashfs-peers.ts";

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
const compressor = peerCompressors.find((name) => name === values.compression) ?? "zstd";
const blockSize = Number(values["block-size"]);
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

process.stdout.write(
  "| image | | wall s (median, min-max) | CPU s | peak RSS MiB | image MiB | wall, as a multiple of the floor |\n|-|-|-|-|-|-|-|\n",
);
for (const name of REAL_IMAGE_NAMES.filter((candidate) =>
  positionals.length === 0 ? candidate !== "busybox" : positionals.includes(candidate),
)) {
  const { layout } = await realImage(name);
  const prepared = join(scratch, `squashfs-${name}`);
  const tar = flattenedTar(layout, tag, prepared);
  const entrants = contenders(layout, tar, uncompressedImage(layout, prepared));
  const results = new Map<string, Run[]>(entrants.map((contender) => [contender.name, []]));
  for (let run = 0; run < Number(values.runs); run++)
    for (const contender of entrants) results.get(contender.name)?.push(runOnce(contender));
  const wallsOf = (contender: string): number[] =>
    (results.get(contender) ?? []).map(({ wallSeconds }) => wallSeconds);
  for (const [contender, runs] of results) {
    const walls = wallsOf(contender);
    const cells = [
      `${name}, ${ours[compressor]}, ${blockSize / 1024}K`,
      contender,
      `${median(walls).toFixed(2)} (${Math.min(...walls).toFixed(2)}-${Math.max(...walls).toFixed(2)})`,
      median(runs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
      Math.max(...runs.map(({ peakMebibytes }) => peakMebibytes)).toFixed(0),
      mebibytes(runs[0]?.bytes),
      (median(walls) / median(wallsOf("floor"))).toFixed(2),
    ];
    process.stdout.write(`| ${cells.join(" | ")} |\n`);
  }
}
