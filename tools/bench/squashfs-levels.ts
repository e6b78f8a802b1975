/**
 * Size against processor time, of an image at every level: ours, and tar2sqfs fed with a tar that is flattened already.
 *
 *     node tools/bench/squashfs-levels.ts [--runs 3] [--image debian] [--from FILE] > docs/squashfs-levels.svg
 *
 * Writes the numbers, as JSON, to standard error; `--from` draws those of an earlier run.
 */
import { mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { REAL_IMAGE_NAMES, realImage } from "@bootlayer/test-fixtures";
import { atLeastOne, oneOf } from "./command-line.ts";
import { levelsPlot, type LevelSeries } from "./levels-plot.ts";
import { measure } from "./measure.ts";
import { squashfsBuild } from "./squashfs-build.ts";
import { flattenedTar, tar2sqfs, type PeerCompressor } from "./squashfs-peers.ts";

const root = join(import.meta.dirname, "../..");
const scratch = join(root, ".cache/bench");
const tag = "gzip";
const work = join(scratch, "work");
const image = join(work, "disk.squashfs");

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    image: { type: "string", default: "debian" },
    from: { type: "string" },
  },
});

const name = oneOf("image", REAL_IMAGE_NAMES, values.image);
const runs = atLeastOne("runs", values.runs);

interface Series {
  readonly label: string;
  readonly ours: boolean;
  readonly points: readonly Readonly<{ level: string; command: readonly string[] }>[];
}

function ownSeries(
  layout: string,
  label: string,
  compressions: readonly string[],
  blockSize: number,
): Series {
  const points = compressions.map((compression) => ({
    level: compression.split(":")[1] ?? compression,
    command: squashfsBuild(layout, tag, { work, image, compression, blockSize }),
  }));
  return { label, ours: true, points };
}

function peerSeries(
  tar: string,
  label: string,
  compressor: PeerCompressor,
  levels: readonly number[],
  blockSize: number,
): Series {
  const points =
    levels.length === 0
      ? [
          {
            level: compressor === "lz4" ? "hc" : compressor,
            command: tar2sqfs(tar, compressor, blockSize, image),
          },
        ]
      : levels.map((level) => ({
          level: String(level),
          command: tar2sqfs(tar, compressor, blockSize, image, level),
        }));
  return { label, ours: false, points };
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

function allSeries(layout: string, tar: string): readonly Series[] {
  const zstd = upTo(22).map((level) => `zstd:${level}`);
  return [
    ownSeries(layout, "zstd, 128 KiB", zstd, 2 ** 17),
    ownSeries(layout, "zstd, 1 MiB", zstd, 2 ** 20),
    ownSeries(
      layout,
      "gzip",
      upTo(12).map((level) => `gzip:${level}`),
      2 ** 17,
    ),
    ownSeries(
      layout,
      "xz",
      [0, 3, 6].map((level) => `xz:${level}`),
      2 ** 17,
    ),
    ownSeries(layout, "lz4", ["lz4", "lz4:hc"], 2 ** 17),
    peerSeries(tar, "tar2sqfs zstd, 128 KiB", "zstd", upTo(22), 2 ** 17),
    peerSeries(tar, "tar2sqfs zstd, 1 MiB", "zstd", upTo(22), 2 ** 20),
    peerSeries(tar, "tar2sqfs gzip", "gzip", upTo(9), 2 ** 17),
    peerSeries(tar, "tar2sqfs xz", "xz", [], 2 ** 17),
    peerSeries(tar, "tar2sqfs lz4", "lz4", [], 2 ** 17),
  ];
}

/** The least of all runs: what the machine's other work adds is never negative. */
function measured(series: readonly Series[], runs: number): LevelSeries[] {
  const results = series.map(({ label, ours, points }) => ({
    label,
    ours,
    points: points.map(({ level }) => ({ level, cpuSeconds: Infinity, bytes: 0 })),
  }));
  for (let run = 0; run < runs; run++)
    for (const [index, { points }] of series.entries())
      for (const [at, { command }] of points.entries()) {
        const result = results[index]?.points[at];
        if (!result) continue;
        rmSync(work, { recursive: true, force: true });
        mkdirSync(work, { recursive: true });
        result.cpuSeconds = Math.min(result.cpuSeconds, measure(command, root).cpuSeconds);
        result.bytes = statSync(image).size;
      }
  rmSync(work, { recursive: true, force: true });
  return results;
}

async function run(): Promise<LevelSeries[]> {
  const { layout } = await realImage(name);
  const tar = flattenedTar(layout, tag, join(scratch, `squashfs-${name}`));
  return measured(allSeries(layout, tar), runs);
}

const series =
  values.from === undefined ? await run() : (JSON.parse(readFileSync(values.from, "utf8")) as LevelSeries[]);
process.stderr.write(`${JSON.stringify(series)}\n`);
process.stdout.write(levelsPlot(series, name));
