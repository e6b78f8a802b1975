import {
  filesOfPlan,
  guestLayer,
  planGuest,
  prepareGuest,
  type ExposedPort,
  type GuestPlan,
  type InitSystem,
  type PreparedGuest,
} from "@bootlayer/guest-inject";
import type { ResolvedImage } from "@bootlayer/image-spec";
import type { FlattenOptions, LayerSource, LowerImage } from "@bootlayer/layer-flattener";
import type { Timestamp } from "@bootlayer/rootfs-tree";
import type { BuildOptions } from "./build-options.ts";
import type { GuestOptions } from "./guest-options.ts";

/** What a build knows of the guest that it makes. */
export interface GuestFacts {
  readonly initSystem: InitSystem;
  /** For the kernel's command line, such as `init=/usr/lib/bootlayer/init`. */
  readonly kernelArguments: readonly string[];
  /** What was asked for and is not quite so, a sentence each. */
  readonly warnings: readonly string[];
  /** What the image's author says the program listens on. */
  readonly ports: readonly ExposedPort[];
  readonly labels: Readonly<Record<string, string>>;
}

/** What a build reports of its guest. */
export interface GuestReport extends GuestFacts {
  readonly as: "layer" | "initrd";
  /** Absolute path of the initrd, if there is one. */
  readonly initrd: string | undefined;
}

/** A guest whose files of the host have been read. */
export interface BuildGuest {
  readonly options: GuestOptions;
  readonly prepared: PreparedGuest;
  /** All that decides what is put in, beside the image and the disk's options. */
  readonly identity: string;
  /** Whether the disk can only be read. */
  readonly readOnlyRoot: boolean;
}

/** @throws {GuestError} GUEST_ARCHITECTURE, GUEST_FILE, GUEST_MODULE: before a layer is asked for. */
export async function prepareBuildGuest(
  { guest: options, disk }: Pick<BuildOptions, "guest" | "disk">,
  { platform }: ResolvedImage,
  signal: AbortSignal,
): Promise<BuildGuest | undefined> {
  if (options === undefined) return undefined;
  const prepared = await prepareGuest(options.config, { platform, signal });
  const isAsked = options.readOnlyRoot && disk.format !== "squashfs";
  return {
    options,
    prepared,
    identity: isAsked ? `${prepared.identity} on a read-only root` : prepared.identity,
    readOnlyRoot: isAsked || disk.format === "squashfs",
  };
}

export async function planFor(
  { options, prepared, readOnlyRoot }: BuildGuest,
  { config }: ResolvedImage,
  { root, readFile }: LowerImage,
): Promise<GuestPlan> {
  return await planGuest(prepared, { root, config, readFile }, { as: options.as, readOnlyRoot });
}

/** Options with which `flattenLayers` puts a guest on top. */
export function guestOnTop(
  guest: BuildGuest,
  image: ResolvedImage,
  { time, signal, onPlan }: { time: Timestamp; signal: AbortSignal; onPlan: (plan: GuestPlan) => void },
): Pick<FlattenOptions, "topLayer" | "remember"> {
  return {
    remember: filesOfPlan,
    async topLayer(below): Promise<LayerSource> {
      const plan = await planFor(guest, image, below);
      onPlan(plan);
      const layer = await guestLayer(plan, time, signal);
      const { mediaType, digest, size } = layer;
      return {
        descriptor: { mediaType, digest, size },
        diffId: digest,
        open: (opened) => layer.open(opened),
      };
    },
  };
}

export function factsOf({ initSystem, kernelArguments, warnings, ports, labels }: GuestPlan): GuestFacts {
  return { initSystem, kernelArguments, warnings, ports, labels };
}
