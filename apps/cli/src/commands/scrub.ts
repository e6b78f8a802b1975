import { scrubStore, type ScrubReport } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit-code.ts";
import type { SourceFlags, StoreFlags } from "../flags.ts";
import { formatBytes, formatCount, formatTable } from "../format.ts";
import { withProgress } from "../progress/with-progress.ts";
import { storeDirectory } from "../store-directory.ts";

export type ScrubFlags = StoreFlags & Pick<SourceFlags, "progress">;

export async function scrub(this: CliContext, flags: ScrubFlags): Promise<void> {
  const report = await withProgress(this, flags.progress, (progress) =>
    scrubStore({
      store: storeDirectory(flags.store, this.process.env),
      signal: this.signal,
      onEvent: (event) => progress.report(event),
    }),
  );
  const clean = report.wrong.length === 0;
  this.process.stdout.write(flags.json ? `${JSON.stringify({ clean, ...report })}\n` : scrubSummary(report));
  if (!clean) this.endWith(exitCodes.badImage);
}

function scrubSummary({ checkedBlobs, checkedBytes, wrong, hurtImages }: ScrubReport): string {
  const rows = [
    ...wrong.map(({ digest, size }) => [`wrong ${digest}`, formatBytes(size), "moved to the quarantine"]),
    ...hurtImages.map(({ name = "an image without a name", digests }) => [
      `hurt ${name}`,
      formatCount(digests.length, "blob"),
      "pull it again",
    ]),
  ];
  return `${formatTable(rows, [1])}checked ${formatCount(checkedBlobs, "blob")} of ${formatBytes(checkedBytes)}: ${wrong.length} wrong\n`;
}
