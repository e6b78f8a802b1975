import { buildDisk, formatPlatform, type BuildResult } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import { environmentOf, limitsOf, type LayerFlags } from "../flags.ts";
import { formatBytes, formatSeconds, formatTable } from "../format.ts";
import { progressWriter } from "../progress/progress-writer.ts";

export interface BuildFlags extends LayerFlags {
  readonly output: string;
  readonly format: "ext4";
  readonly size: string;
  readonly blockSize: "1024" | "2048" | "4096";
  readonly journal: boolean;
  readonly label: string;
  readonly selinuxLabels: boolean;
  readonly threads: number;
  readonly cache: boolean;
}

export async function build(this: CliContext, flags: BuildFlags, source: string): Promise<void> {
  const progress = progressWriter(flags.progress, this.process.stderr);
  const { format, size, journal, label, selinuxLabels } = flags;
  const blockSize = ({ "1024": 1024, "2048": 2048, "4096": 4096 } as const)[flags.blockSize];
  try {
    const result = await buildDisk(
      {
        source,
        output: flags.output,
        platform: flags.platform,
        disk: { format, size, blockSize, journal, label, selinuxLabels },
        cache: flags.cache,
        limits: limitsOf(flags),
        readAheadThreads: flags.threads,
        sha256: flags.json,
        sourceDateEpoch: this.process.env["SOURCE_DATE_EPOCH"],
      },
      environmentOf(flags, this, progress),
    );
    progress.close();
    this.process.stdout.write(
      flags.json ? `${JSON.stringify(buildResultJson(result))}\n` : buildSummary(result),
    );
  } finally {
    progress.close();
  }
}

/** The result object of `--json`; docs/cli.md describes its members. */
function buildResultJson(result: BuildResult): object {
  return {
    ...result,
    platform: formatPlatform(result.platform),
    stages: result.stages.map(({ stage, seconds, bytes }) => ({
      stage,
      seconds: Math.round(seconds * 1e6) / 1e6,
      bytes,
    })),
  };
}

function buildSummary({
  source,
  output,
  digest,
  platform,
  format,
  bytes,
  dataBytes,
  cached,
  stages,
  statistics,
}: BuildResult): string {
  const made = cached ? "from the cache" : `made from ${statistics?.entries ?? 0} entries`;
  const facts = [
    ["source", `${source} (${formatPlatform(platform)})`],
    ["digest", digest],
    ["disk", `${output}: ${format}, ${formatBytes(bytes)}, of which ${formatBytes(dataBytes)} data, ${made}`],
  ];
  const times = stages.map(({ stage, seconds, bytes }) => [
    stage,
    formatSeconds(seconds),
    formatBytes(bytes),
  ]);
  return `${formatTable(facts)}${formatTable(times, [1, 2])}`;
}
