import { publishDisk, type PublishDiskResult } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import { diskOptionsOf, type DiskFlags } from "../disk-flags.ts";
import { environmentOf } from "../environment.ts";
import { limitsOf, type LayerFlags } from "../flags.ts";
import { formatBytes, formatTable } from "../format.ts";
import { guestConfigOf } from "../guest-config.ts";
import type { GuestFlags } from "../guest-flags.ts";
import { withProgress } from "../progress/with-progress.ts";
import { stagesJson, stagesTable } from "../stages.ts";
import { writeWarnings } from "../warnings.ts";

export interface PublishFlags extends LayerFlags, DiskFlags, GuestFlags {
  readonly init: boolean;
}

export async function publish(
  this: CliContext,
  flags: PublishFlags,
  source: string,
  target?: string,
): Promise<void> {
  const result = await withProgress(this, flags.progress, async (progress) => {
    const config = await guestConfigOf(flags);
    return publishDisk(
      {
        source,
        target,
        platform: flags.platform,
        disk: diskOptionsOf(flags),
        guest: flags.init || config ? { config } : undefined,
        limits: limitsOf(flags),
        sourceDateEpoch: this.process.env["SOURCE_DATE_EPOCH"],
      },
      environmentOf(flags, this, progress),
    );
  });
  writeWarnings(this, result.build);
  this.process.stdout.write(flags.json ? `${JSON.stringify(publishJson(result))}\n` : publishSummary(result));
}

/** The result object of `--json`; docs/cli.md describes its members. */
function publishJson({ build, push }: PublishDiskResult): object {
  return { ...push, source: build.source, stages: stagesJson([...build.stages, ...push.stages]) };
}

function publishSummary({ build, push }: PublishDiskResult): string {
  const { target, digest, description, compressedBytes, uploadedBytes } = push;
  const facts = [
    ["disk", `${target}: ${description.format}, ${formatBytes(description.bytes)}`],
    ["digest", digest],
    ["image", `${build.source}, ${build.digest}`],
    ["pushed", `${formatBytes(uploadedBytes)}; the disk takes ${formatBytes(compressedBytes)} there`],
  ];
  return `${formatTable(facts)}${stagesTable([...build.stages, ...push.stages])}`;
}
