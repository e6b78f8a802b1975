/**
 * Times a build from a filled layout against the floor and against the usual chain of tools, in one run, in turns.
 *
 *     node tools/bench/main.ts [--runs 5] [--compression gzip|zstd] [IMAGE ...]
 *
 * As root, since umoci needs it. Prints the table of docs/performance.md.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { realImage } from "@bootlayer/test-fixtures";
import { atLeastOne, namedImages, oneOf } from "../src/command-line.ts";
import { measure, type Measurement } from "./measure.ts";
import { measurementCells, measurementColumns, medianWall, printHead, printRow } from "./table.ts";

const root = join(import.meta.dirname, "../..");
const cli = join(root, "apps/cli/dist/bootlayer.mjs");
const scratch = join(root, ".cache/bench");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "5" }, compression: { type: "string", default: "gzip" } },
});

const compression = oneOf("--compression", ["gzip", "zstd"], values.compression);
const runs = atLeastOne("--runs", values.runs);
const images = namedImages(positionals);

interface Contender {
  readonly name: string;
  /** Somebody else's tools, whose failure is a finding and not an error. */
  readonly isPeer?: true;
  command(layout: string, tag: string, work: string): readonly string[];
}

const umociAndMkfs = `
umoci unpack --image "$1:$2" "$3/bundle" &&
kib=$(du -sk "$3/bundle/rootfs" | cut -f1) &&
inodes=$(find "$3/bundle/rootfs" | wc -l) &&
truncate -s "$((kib * 5 / 4 + 131072))K" "$3/disk.ext4" &&
mkfs.ext4 -q -N "$((inodes * 5 / 4 + 1024))" -d "$3/bundle/rootfs" "$3/disk.ext4"`;

const contenders: readonly Contender[] = [
  {
    name: "bootlayer",
    command: (layout, tag, work) => [
      process.execPath,
      cli,
      "build",
      `oci:${layout}:${tag}`,
      "-o",
      join(work, "disk.ext4"),
      "--store",
      join(work, "store"),
      "--no-cache",
      "--progress",
      "none",
    ],
  },
  {
    name: "floor",
    command: (layout, tag, work) => [
      process.execPath,
      join(import.meta.dirname, "floor.ts"),
      layout,
      tag,
      work,
    ],
  },
  {
    name: "umoci + mkfs.ext4 -d",
    isPeer: true,
    command: (layout, tag, work) => ["sh", "-ec", umociAndMkfs, "sh", layout, tag, work],
  },
];

function runOnce(contender: Contender, layout: string, tag: string): Measurement {
  const work = join(scratch, "work");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  try {
    return measure(contender.command(layout, tag, work), root);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Runs once to warm the page cache. A peer that cannot make this image is named with its own last words and left out
 * of the comparison; one of ours that fails ends the run.
 */
function warms(contender: Contender, layout: string, image: string): boolean {
  try {
    runOnce(contender, layout, compression);
    return true;
  } catch (error) {
    if (!contender.isPeer) throw error;
    const words = error instanceof Error ? (error.message.trim().split("\n").at(-1) ?? "").slice(-160) : "";
    printRow([`${image}, ${compression}`, contender.name, `fails: ${words}`, "", "", ""]);
    return false;
  }
}

printHead(["image", "", ...measurementColumns, "wall, as a multiple of the floor"]);
for (const name of images) {
  const { layout } = await realImage(name);
  const able = contenders.filter((contender) => warms(contender, layout, name));
  const measured = new Map<string, Measurement[]>(able.map((contender) => [contender.name, []]));
  for (let run = 0; run < runs; run++)
    for (const contender of able) measured.get(contender.name)?.push(runOnce(contender, layout, compression));
  const floor = medianWall(measured.get("floor") ?? []);
  for (const [contender, results] of measured)
    printRow([
      `${name}, ${compression}`,
      contender,
      ...measurementCells(results),
      (medianWall(results) / floor).toFixed(2),
    ]);
}
