import {
  diagnose,
  filesOfPlan,
  initArchitecture,
  prepareGuest,
  readKernel,
  type Finding,
  type KernelFacts,
  type LaunchFormat,
} from "@bootlayer/guest-inject";
import type { Digest, Platform } from "@bootlayer/image-spec";
import { discardContents, flattenLayers } from "@bootlayer/layer-flattener";
import type { BuildRequest, Environment } from "./build-options.ts";
import { withCancellation } from "./cancellation.ts";
import { parseDiskOptions, type DiskOptionsInput } from "./disk-options.ts";
import { parseGuestOptions } from "./guest-options.ts";
import { openSource } from "./open-source.ts";
import { withLayers } from "./opened-source.ts";
import { stageClock } from "./stages.ts";

export interface DiagnoseRequest extends Pick<BuildRequest, "source" | "platform" | "limits" | "guest"> {
  /** A kernel image or its configuration; without it nothing is said of the kernel. */
  readonly kernel?: string | undefined;
  /** The disk that is to be made. Default: ext4. */
  readonly disk?: DiskOptionsInput | undefined;
  /** Where the guest is to run; without it any one way to reach a disk will do. */
  readonly machine?: LaunchFormat | undefined;
}

/** What can be said before a disk is made. */
export interface Diagnosis {
  readonly source: string;
  readonly digest: Digest;
  readonly platform: Platform;
  readonly kernel: KernelFacts | undefined;
  readonly findings: readonly Finding[];
  /** Whether nothing was found that keeps the image from booting. */
  readonly boots: boolean;
}

/**
 * Looks whether an image will boot: its program, its user, its init, and what the kernel must have for it. Pulls and reads all
 * layers; writes no disk.
 *
 * @throws {BuilderError} OPTIONS_INVALID. @throws {GuestError} GUEST_KERNEL where the kernel is none; GUEST_FILE, GUEST_MODULE, GUEST_ARCHITECTURE, GUEST_IMAGE for what
 * cannot be put in. What opening and reading the image throws passes through.
 */
export async function diagnoseImage(
  { limits = {}, disk: diskInput = {}, machine, kernel: kernelPath, ...request }: DiagnoseRequest,
  environment: Environment,
): Promise<Diagnosis> {
  return withCancellation(environment.signal, async (signal) => {
    const guest = parseGuestOptions(request.guest);
    const disk = parseDiskOptions(diskInput);
    const kernel = kernelPath === undefined ? undefined : await readKernel(kernelPath);
    const onEvent = environment.onEvent ?? (() => {});
    const clock = stageClock(onEvent);
    await using source = await openSource({ ...request, limits }, environment, { clock, onEvent, signal });
    const { config, platform, descriptor } = source.image;
    // That there is no init for a platform is a finding.
    const prepared =
      guest && initArchitecture(platform)
        ? await prepareGuest(guest.config, { platform, signal })
        : undefined;
    const { root, readFile } = await withLayers(source, signal, (layers, signal) =>
      flattenLayers(layers, discardContents(), { signal, onEvent, limits, remember: filesOfPlan }),
    );
    const findings = await diagnose(
      { root, readFile, config, platform },
      {
        kernel,
        format: disk.format,
        squashfsCompression: disk.format === "squashfs" ? disk.compression.kind : undefined,
        machine,
        guest: guest?.config,
        prepared,
        initrd: guest?.as === "initrd",
      },
    );
    const boots = findings.every(({ severity }) => severity !== "error");
    return { source: request.source, digest: descriptor.digest, platform, kernel, findings, boots };
  });
}
