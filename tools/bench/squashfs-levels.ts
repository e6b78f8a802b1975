/**
 * Size against processor time, of an image at every level: ours from its layers, tar2sqfs and sqfstar from a tar that is flattened
 * already, mksquashfs from a directory that is unpacked already. sqfstar 4.5 takes no level: its default is one mark.
 *
 *     node tools/bench/squashfs-levels.ts [--runs 3] [--image debian] [--from FILE] > docs/squashfs-levels.svg
 *
 * Writes the numbers, as JSON, to standard error; `--from` draws those of an earlier run.
 */
import { mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { REAL_IMAGE_NAMES, realImage } from "@bootlayer/test-fixtures";
import { atLeastOne, oneOf } from "../src/command-line.ts";
import { levelsPlot, type LevelSeries, type Tool } from "./levels-plot.ts";
import { measure } from "./measure.ts";
import { squashfsBuild } from "./squashfs-build.ts";
import { flattenedTar, mksquashfs, sqfstar, tar2sqfs, unpackedTar } from "./squashfs-peers.ts";

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

const name = oneOf("--image", REAL_IMAGE_NAMES, values.image);
const runs = atLeastOne("--runs", values.runs);

interface Series {
  readonly tool: Tool;
  readonly compressor: string;
  readonly points: readonly Readonly<{ level: string; command: readonly string[] }>[];
}

interface Inputs {
  readonly layout: string;
  readonly tar: string;
  readonly directory: string;
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
const [kib128, mib1] = [2 ** 17, 2 ** 20];

/** Ours: `compressions` as the command line has them. */
function ownSeries(
  layout: string,
  compressor: string,
  compressions: readonly string[],
  blockSize: number = kib128,
): Series {
  const points = compressions.map((compression) => ({
    level: compression.split(":")[1] ?? compression,
    command: squashfsBuild(layout, tag, { work, image, compression, blockSize }),
  }));
  return { tool: "bootlayer", compressor, points };
}

/** Others': `made` gives the command for a level. */
function series(
  tool: Tool,
  compressor: string,
  levels: readonly number[],
  made: (level: number) => readonly string[],
): Series {
  const points = levels.map((level) => ({ level: String(level), command: made(level) }));
  return { tool, compressor, points };
}

/** One that has a single way to compress. */
function single(tool: Tool, compressor: string, level: string, command: readonly string[]): Series {
  return { tool, compressor, points: [{ level, command }] };
}

function allSeries({ layout, tar, directory }: Inputs): readonly Series[] {
  const zstd = upTo(22).map((level) => `zstd:${level}`);
  const gzip = upTo(12).map((level) => `gzip:${level}`);
  const xz = [0, 3, 6].map((level) => `xz:${level}`);
  const others = (
    compressor: "zstd" | "gzip",
    blockSize: number,
    name: string,
    levels: readonly number[],
  ) => [
    series("tar2sqfs", name, levels, (level) => tar2sqfs(tar, compressor, blockSize, image, level)),
    series("mksquashfs", name, levels, (level) => mksquashfs(directory, compressor, blockSize, image, level)),
  ];
  return [
    ownSeries(layout, "zstd, 128 KiB", zstd),
    ownSeries(layout, "zstd, 1 MiB", zstd, mib1),
    ownSeries(layout, "gzip", gzip),
    ownSeries(layout, "xz", xz),
    ownSeries(layout, "lz4", ["lz4", "lz4:hc"]),
    ...others("zstd", kib128, "zstd, 128 KiB", upTo(22)),
    ...others("zstd", mib1, "zstd, 1 MiB", upTo(22)),
    ...others("gzip", kib128, "gzip", upTo(9)),
    single("tar2sqfs", "xz", "xz", tar2sqfs(tar, "xz", kib128, image)),
    single("tar2sqfs", "lz4", "hc", tar2sqfs(tar, "lz4", kib128, image)),
    single("sqfstar", "zstd, 128 KiB", "15", sqfstar(tar, "zstd", kib128, image)),
    single("sqfstar", "zstd, 1 MiB", "15", sqfstar(tar, "zstd", mib1, image)),
    single("sqfstar", "gzip", "9", sqfstar(tar, "gzip", kib128, image)),
    single("sqfstar", "xz", "xz", sqfstar(tar, "xz", kib128, image)),
    single("sqfstar", "lz4", "hc", sqfstar(tar, "lz4", kib128, image)),
  ];
}

/** The least of all runs: what the machine's other work adds is never negative. */
function measured(all: readonly Series[]): LevelSeries[] {
  const results = all.map(({ tool, compressor, points }) => ({
    tool,
    compressor,
    points: points.map(({ level }) => ({ level, cpuSeconds: Infinity, bytes: 0 })),
  }));
  for (let run = 0; run < runs; run++)
    for (const [index, { points }] of all.entries())
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
  const prepared = join(scratch, `squashfs-${name}`);
  const tar = flattenedTar(layout, tag, prepared);
  return measured(allSeries({ layout, tar, directory: unpackedTar(tar, prepared) }));
}

const levels =
  values.from === undefined ? await run() : (JSON.parse(readFileSync(values.from, "utf8")) as LevelSeries[]);
process.stderr.write(`${JSON.stringify(levels)}\n`);
process.stdout.write(levelsPlot(levels, name));
