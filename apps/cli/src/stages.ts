import type { LayerReport, StageReport } from "@bootlayer/image-builder";
import { formatBytes, formatSeconds, formatTable } from "./format.ts";

/** Stages, a line each: what took how long, and when it began, for they overlap. */
export function stagesTable(stages: readonly StageReport[]): string {
  const rows = stages.map(({ stage, start, end, seconds, bytes }) => [
    stage,
    formatSeconds(seconds),
    formatBytes(bytes),
    `${formatSeconds(start)} to ${formatSeconds(end)}`,
  ]);
  return formatTable(rows, [1, 2]);
}

export function stagesJson(stages: readonly StageReport[]): object[] {
  return stages.map((stage) => rounded(stage));
}

export function layersJson(layers: readonly LayerReport[]): object[] {
  return layers.map((layer) => rounded(layer));
}

/** Seconds to the microsecond: further digits are noise. */
function rounded(report: object): object {
  return Object.fromEntries(
    Object.entries(report).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === "number" ? Math.round(value * 1e6) / 1e6 : value,
    ]),
  );
}
