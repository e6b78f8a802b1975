import type { BuildEvent } from "@bootlayer/image-builder";
import type { TextStream } from "../context.ts";
import { formatBytes, shortDigest } from "../format.ts";
import { advanceProgress, noProgress, type BuildProgress, type LayerProgress } from "./layer-progress.ts";
import { noticeOf } from "./notice.ts";
import type { ProgressWriter } from "./progress-writer.ts";

const redrawMilliseconds = 80;
const barWidth = 24;

/** A bar for each layer, redrawn in place below what a person should know, which alone stays after `close`. */
export function ttyProgress(stream: TextStream): ProgressWriter {
  let progress = noProgress;
  let drawnLines = 0;
  let drawnAt = 0;

  function redraw(): void {
    drawnAt = performance.now();
    const lines = progressLines(progress, { columns: stream.columns ?? 80, rows: stream.rows ?? 24 });
    stream.write(`${erase(drawnLines)}${lines.map((line) => `${line}\n`).join("")}`);
    drawnLines = lines.length;
  }

  return {
    report(event: BuildEvent) {
      progress = advanceProgress(progress, event);
      const notice = noticeOf(event);
      if (notice !== undefined) {
        stream.write(`${erase(drawnLines)}${notice}\n`);
        drawnLines = 0;
        redraw();
      }
      if (performance.now() - drawnAt >= redrawMilliseconds) redraw();
    },
    close() {
      stream.write(erase(drawnLines));
      drawnLines = 0;
    },
  };
}

/** What is on the screen at one moment, a string for each line, none wider or more than the screen holds. */
export function progressLines(
  { source, stages, layers }: BuildProgress,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string[] {
  const heading = `${stages.at(-1) ?? "start"}  ${source}`;
  const room = Math.max(1, rows - 3);
  const waiting = layers.filter(({ done }) => !done);
  // Where the screen is too small for all layers, the ones under way matter.
  const shown = layers.length <= room ? layers : waiting.slice(-room);
  const hidden = layers.length - shown.length;
  const lines = [heading, ...shown.map(layerLine), ...(hidden > 0 ? [`  and ${hidden} more layers`] : [])];
  return lines.map((line) => line.slice(0, Math.max(1, columns - 1)));
}

function layerLine({ digest, totalBytes, movedBytes, cached, flattenedBytes, done }: LayerProgress): string {
  const flattened = share(flattenedBytes, totalBytes);
  const moved = Math.max(share(movedBytes, totalBytes), flattened);
  const bar = `${"#".repeat(flattened)}${"-".repeat(moved - flattened)}${" ".repeat(barWidth - moved)}`;
  const state = done
    ? "done"
    : flattenedBytes > 0
      ? "flattening"
      : cached
        ? "in store"
        : movedBytes > 0
          ? "under way"
          : "waiting";
  return `  ${shortDigest(digest)}  [${bar}]  ${formatBytes(totalBytes).padStart(9)}  ${state}`;
}

function share(part: number, whole: number): number {
  return whole === 0 ? barWidth : Math.min(barWidth, Math.floor((part / whole) * barWidth));
}

function erase(lines: number): string {
  return lines === 0 ? "" : `\u001b[${lines}A\u001b[0J`;
}
