import type { ImageConfig, Platform } from "@bootlayer/image-spec";
import type { DirectoryNode, FileNode } from "@bootlayer/rootfs-tree";
import type { GuestConfig } from "../guest-config.ts";
import type { PreparedGuest } from "../guest-plan.ts";
import type { LaunchFormat } from "../launch/machine.ts";
import type { KernelFacts } from "./kernel-facts.ts";

/** An image as the doctor looks at it. */
export interface DoctorImage {
  readonly root: DirectoryNode;
  readonly config: ImageConfig;
  /** What the image was chosen for. */
  readonly platform: Platform;
  /** A file's bytes; the first `limit` are enough. Never called for a file of size 0. */
  readonly readFile: (node: FileNode, limit: number) => Promise<Uint8Array>;
}

export interface DiagnoseOptions {
  /** Without it nothing is said of the kernel. */
  readonly kernel?: KernelFacts | undefined;
  readonly format: "ext4" | "squashfs";
  /** Default: `zstd`. */
  readonly squashfsCompression?: "gzip" | "zstd" | "xz" | "lz4" | "none" | undefined;
  /** What is asked of the guest: its overrides of the process, network, agent, overlay and modules are looked at too. */
  readonly guest?: GuestConfig | undefined;
  /**
   * That guest with what goes in of the host: its files are looked at as if they were in the image, its modules as being there, and
   * what a build would refuse of it is found.
   */
  readonly prepared?: PreparedGuest | undefined;
  /** The guest starts from an initrd, which holds the modules that `guest` names. */
  readonly initrd?: boolean | undefined;
  /** Where it is to run: decides which devices the kernel needs. Without it, any one way to reach a disk will do. */
  readonly machine?: LaunchFormat | undefined;
}
