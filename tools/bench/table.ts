import { median, type Measurement } from "./measure.ts";

/** Prints a line of a table of docs/performance.md. */
export function printRow(cells: readonly string[]): void {
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}

/** Prints a table's head. */
export function printHead(columns: readonly string[]): void {
  process.stdout.write(`| ${columns.join(" | ")} |\n|${"-|".repeat(columns.length)}\n`);
}

export const measurementColumns = ["wall s (median, min-max)", "CPU s", "peak RSS MiB"] as const;

/** Of all runs of one command: the cells of `measurementColumns`. */
export function measurementCells(runs: readonly Measurement[]): readonly string[] {
  const walls = runs.map(({ wallSeconds }) => wallSeconds);
  const [middle, least, most] = [median(walls), Math.min(...walls), Math.max(...walls)].map((wall) =>
    wall.toFixed(2),
  );
  return [
    `${middle} (${least}-${most})`,
    median(runs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
    Math.max(...runs.map(({ peakMebibytes }) => peakMebibytes)).toFixed(0),
  ];
}

export function medianWall(runs: readonly Measurement[]): number {
  return median(runs.map(({ wallSeconds }) => wallSeconds));
}
