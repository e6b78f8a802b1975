import type { BuildEvent } from "@bootlayer/image-builder";
import { formatPlatform } from "@bootlayer/image-builder";
import type { TextStream } from "../context.ts";
import { formatBytes, formatCount, formatSeconds, shortDigest } from "../format.ts";
import { noticeOf } from "./notice.ts";
import type { ProgressWriter } from "./progress-writer.ts";

const pushedAs = { present: "is in the registry", mounted: "mounted", uploaded: "sent" } as const;

/** A line for each thing that is done, for logs. */
export function plainProgress(stream: TextStream): ProgressWriter {
  return {
    report(event) {
      const line = plainLine(event);
      if (line !== undefined) stream.write(`${line}\n`);
    },
    close() {},
  };
}

function plainLine(event: BuildEvent): string | undefined {
  switch (event.kind) {
    case "resolved":
      return `resolved ${event.source} to ${event.digest} (${formatPlatform(event.platform)}, ${formatCount(event.layers.length, "layer")}, ${formatBytes(event.layers.reduce((sum, { size }) => sum + size, 0))})`;
    case "blob-cached":
      return `blob ${shortDigest(event.digest)} is in the store (${formatBytes(event.totalBytes)})`;
    case "transfer-started":
      return `${event.direction} ${event.name} ${event.digest} (${formatCount(event.blobs.length, "blob")}, ${formatBytes(event.blobs.reduce((sum, { size }) => sum + size, 0))})`;
    case "blob-requested":
      return event.bytes > 0
        ? `blob ${shortDigest(event.digest)} goes on at ${formatBytes(event.bytes)} of ${formatBytes(event.totalBytes)}`
        : undefined;
    case "blob-stored":
      return `blob ${shortDigest(event.digest)} pulled and verified (${formatBytes(event.totalBytes)})`;
    case "blob-pushed":
      return `blob ${shortDigest(event.digest)} ${pushedAs[event.how]} (${formatBytes(event.totalBytes)})`;
    case "layer-verified":
      return `layer ${event.layer + 1} ${shortDigest(event.digest)} flattened and verified (${event.entries} entries, ${formatBytes(event.unpackedBytes)})`;
    case "second-pass":
      return `layer ${event.layer + 1} ${shortDigest(event.digest)} read again for ${event.files} files`;
    case "stage-finished":
      return `${event.stage}: ${formatSeconds(event.seconds)} (${formatSeconds(event.start)} to ${formatSeconds(event.end)}), ${formatBytes(event.bytes)}`;
    case "blob-quarantined":
      return `blob ${shortDigest(event.digest)} is wrong and was moved to the quarantine (${formatBytes(event.bytes)})`;
    case "cache-hit":
      return `found in the cache as ${event.key.slice(0, 12)}`;
    case "cache-skipped":
      return `not kept in the cache: ${event.error.message}; ${event.error.hint}`;
    default:
      return noticeOf(event);
  }
}
