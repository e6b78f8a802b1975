import { pushImage, type PushResult } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import { environmentOf } from "../environment.ts";
import type { SourceFlags } from "../flags.ts";
import { formatBytes, formatCount, formatTable } from "../format.ts";
import { withProgress } from "../progress/with-progress.ts";
import { stagesTable } from "../stages.ts";
import { transferJson, transferredImage } from "../transfer.ts";

export async function push(
  this: CliContext,
  flags: SourceFlags,
  source: string,
  target: string,
): Promise<void> {
  const { platform } = flags;
  const result = await withProgress(this, flags.progress, (progress) =>
    pushImage({ source, target, platform }, environmentOf(flags, this, progress)),
  );
  this.process.stdout.write(flags.json ? `${JSON.stringify(transferJson(result))}\n` : pushSummary(result));
}

function pushSummary({ target, digest, platforms, blobs, uploadedBytes, stages }: PushResult): string {
  const count = (wanted: string): number => blobs.filter(({ how }) => how === wanted).length;
  const facts = [
    ["image", transferredImage(target, platforms)],
    ["digest", digest],
    [
      "pushed",
      `${formatBytes(uploadedBytes)} in ${count("uploaded")} of ${formatCount(blobs.length, "blob")}`,
    ],
    ["spared", `the registry had ${formatCount(count("present"), "blob")}, and mounted ${count("mounted")}`],
  ];
  return `${formatTable(facts)}${stagesTable(stages)}`;
}
