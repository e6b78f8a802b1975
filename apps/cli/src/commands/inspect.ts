import { formatPlatform, inspectImage, type ResolvedImage } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import { environmentOf } from "../environment.ts";
import type { SourceFlags } from "../flags.ts";
import { formatBytes, formatTable } from "../format.ts";
import { withProgress } from "../progress/with-progress.ts";

export async function inspect(this: CliContext, flags: SourceFlags, source: string): Promise<void> {
  const { platform } = flags;
  const image = await withProgress(this, flags.progress, (progress) =>
    inspectImage({ source, platform }, environmentOf(flags, this, progress)),
  );
  this.process.stdout.write(flags.json ? `${JSON.stringify(inspectJson(image))}\n` : inspectText(image));
}

function inspectJson({ descriptor, indexDescriptor, platform, manifest, config }: ResolvedImage): object {
  return {
    digest: descriptor.digest,
    index: indexDescriptor?.digest ?? null,
    platform: formatPlatform(platform),
    manifest,
    config,
  };
}

function inspectText({ descriptor, indexDescriptor, platform, manifest, config }: ResolvedImage): string {
  const process = config.config ?? {};
  const facts = [
    ["digest", descriptor.digest],
    ["index", indexDescriptor?.digest ?? ""],
    ["platform", formatPlatform(platform)],
    ["created", config.created ?? ""],
    ["entrypoint", list(process.Entrypoint)],
    ["cmd", list(process.Cmd)],
    ["user", JSON.stringify(process.User ?? "")],
    ["workdir", JSON.stringify(process.WorkingDir ?? "")],
    ["env", list(process.Env)],
  ].filter(([, value]) => value !== "" && value !== '""');
  const layers = manifest.layers.map(({ digest, size, mediaType }, index) => [
    `layer ${index + 1}`,
    digest,
    formatBytes(size),
    mediaType,
  ]);
  return `${formatTable(facts)}${formatTable(layers, [2])}`;
}

function list(values: readonly string[] | undefined): string {
  return values ? JSON.stringify(values) : "";
}
