import { resolve } from "node:path";
import {
  buildDisk,
  formatPlatform,
  readKernel,
  type BuildResult,
  type GuestRequest,
  type LaunchFormat,
  type LaunchMachine,
} from "@bootlayer/image-builder";
import { usageError } from "../usage-error.ts";
import type { CliContext } from "../context.ts";
import { diskOptionsOf, type DiskFlags } from "../disk-flags.ts";
import {
  checkLaunchDirectories,
  launchFiles,
  writeLaunchFiles,
  type EmittedFile,
  type PlacedLaunchFile,
} from "../emit.ts";
import { environmentOf } from "../environment.ts";
import { limitsOf, type LayerFlags } from "../flags.ts";
import { formatBytes, formatTable } from "../format.ts";
import type { EmitTarget } from "../guest-arguments.ts";
import { guestConfigOf } from "../guest-config.ts";
import type { GuestFlags } from "../guest-flags.ts";
import { machineOf } from "../machine.ts";
import type { MachineFlags } from "../machine-flags.ts";
import { withProgress } from "../progress/with-progress.ts";
import { layersJson, stagesJson, stagesTable } from "../stages.ts";
import { writeWarnings } from "../warnings.ts";

export interface BuildFlags extends LayerFlags, DiskFlags, GuestFlags, MachineFlags {
  readonly output: string;
  readonly threads: number;
  readonly cache: boolean;
  readonly init: boolean;
  readonly initAs?: "layer" | "initrd";
  readonly initrd?: string;
  readonly kernel?: string;
  readonly emit?: readonly EmitTarget[];
}

export async function build(this: CliContext, flags: BuildFlags, source: string): Promise<void> {
  const { result, launch } = await withProgress(this, flags.progress, async (progress) => {
    const guest = await guestOf(flags);
    const emit = await emitterOf(flags, guest);
    const result = await buildDisk(
      {
        source,
        output: flags.output,
        platform: flags.platform,
        disk: diskOptionsOf(flags),
        guest,
        cache: flags.cache,
        limits: limitsOf(flags),
        readAheadThreads: flags.threads,
        sha256: flags.json,
        sourceDateEpoch: this.process.env["SOURCE_DATE_EPOCH"],
      },
      environmentOf(flags, this, progress),
    );
    return { result, launch: await emit(result) };
  });
  writeWarnings(this, result);
  this.process.stdout.write(
    flags.json ? `${JSON.stringify(buildResultJson(result, launch))}\n` : buildSummary(result, launch),
  );
}

/** Any flag that says what the guest is asks for one. */
async function guestOf(flags: BuildFlags): Promise<GuestRequest | undefined> {
  const config = await guestConfigOf(flags);
  if (flags.initAs !== "initrd") {
    if (flags.initrd !== undefined) throw usageError("--initrd names the file of --init-as initrd");
    return flags.init || config || flags.initAs ? { config } : undefined;
  }
  return { as: "initrd", initrd: flags.initrd ?? `${flags.output}.initrd`, config };
}

const flagsOfEmit = ["kernel", "append", "forward", "tap"] as const;

/** Checks what is to be written for which monitor, as far as it can be known before the build. */
async function emitterOf(
  flags: BuildFlags,
  guest: GuestRequest | undefined,
): Promise<(result: BuildResult) => Promise<readonly EmittedFile[]>> {
  const { emit = [], kernel: path } = flags;
  if (emit.length === 0) {
    const unused = flagsOfEmit.find((name) => flags[name] !== undefined);
    if (unused !== undefined)
      throw usageError(`--${unused} is for the files of --emit, and none is asked for`);
    return async () => [];
  }
  if (path === undefined) throw usageError("--emit needs --kernel: what it writes starts a kernel");
  const kernel = await readKernel(path);
  const disk = resolve(flags.output);
  const initrd = guest?.as === "initrd" ? [resolve(guest.initrd)] : [];
  const machine =
    (known: Partial<BuildResult>) =>
    (format: LaunchFormat): LaunchMachine =>
      machineOf(flags, kernel, format, {
        architecture: (known.platform ?? kernel).architecture === "arm64" ? "arm64" : "amd64",
        kernelArguments: known.guest?.kernelArguments ?? [],
        initrd: known.guest?.initrd,
        disk,
        readOnly: flags.format === "squashfs",
        config: guest?.config ?? {},
      });
  const files = (known: Partial<BuildResult>): PlacedLaunchFile[] =>
    launchFiles(emit, machine(known), [disk, ...initrd, resolve(path)]);
  await checkLaunchDirectories(files({}));
  return (result) => writeLaunchFiles(files(result));
}

/** The result object of `--json`; docs/cli.md describes its members. */
function buildResultJson(result: BuildResult, launch: readonly EmittedFile[]): object {
  return {
    ...result,
    // Thousands, and nobody's who has the disk.
    dataRegions: undefined,
    // Of which `digest` says enough.
    manifest: undefined,
    platform: formatPlatform(result.platform),
    stages: stagesJson(result.stages),
    layers: layersJson(result.layers),
    ...(launch.length > 0 && { launch }),
  };
}

function buildSummary(
  {
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
    guest,
  }: BuildResult,
  launch: readonly EmittedFile[],
): string {
  const made = cached ? "from the cache" : `made from ${statistics?.entries ?? 0} entries`;
  const facts = [
    ["source", `${source} (${formatPlatform(platform)})`],
    ["digest", digest],
    ["disk", `${output}: ${format}, ${formatBytes(bytes)}, of which ${formatBytes(dataBytes)} data, ${made}`],
    ...(guest ? [["init", guest.initSystem]] : []),
    ...(guest?.initrd === undefined ? [] : [["initrd", guest.initrd]]),
    ...(guest && guest.kernelArguments.length > 0 ? [["kernel", guest.kernelArguments.join(" ")]] : []),
    ...launch.map(({ format: monitor, file, command }) => [monitor, `${file}: ${command}`]),
  ];
  return `${formatTable(facts)}${stagesTable(stages)}`;
}
