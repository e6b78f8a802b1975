export type LaunchFormat = "firecracker" | "cloud-hypervisor" | "qemu" | "libkrun";

/** A virtual machine, as far as all monitors have it in common. Paths are the host's. */
export interface LaunchMachine {
  readonly architecture: "amd64" | "arm64";
  readonly kernel: string;
  readonly initrd?: string | undefined;
  /**
   * Added to what each monitor needs by nature (console, panic, and `root=` where there is no initrd); one argument each,
   * such as `init=/usr/lib/bootlayer/init`. Spaces inside one are quoted as the kernel wants it.
   */
  readonly kernelArguments: readonly string[];
  /** The first one is the root. At most 24. */
  readonly disks: readonly LaunchDisk[];
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly network?: LaunchNetwork | undefined;
  /** How the host reaches the agent of this package. */
  readonly agent?: LaunchAgent | undefined;
}

export interface LaunchDisk {
  /** A raw image or a block device. */
  readonly path: string;
  readonly readOnly: boolean;
  /** Default: `virtio-blk`; `nvme` is QEMU's alone. */
  readonly bus?: "virtio-blk" | "nvme" | undefined;
}

export type LaunchNetwork = Readonly<
  | { kind: "tap"; /** The host's tap device. */ device: string; mac?: string | undefined }
  /** QEMU's network without privileges; ports of the guest on ports of the host's loopback. */
  | { kind: "user"; forwards: readonly PortForward[] }
>;

export interface PortForward {
  /** Default: 127.0.0.1. */
  readonly hostAddress?: string | undefined;
  readonly hostPort: number;
  readonly guestPort: number;
  /** Default: `tcp`. */
  readonly protocol?: "tcp" | "udp" | undefined;
}

export type LaunchAgent = Readonly<
  /** `socket` is the Unix socket through which Firecracker, Cloud Hypervisor and libkrun give the guest's vsock. */
  | { kind: "vsock"; cid: number; port: number; socket: string }
  /** A virtio-serial port of this name, on a Unix socket that QEMU listens on. */
  | { kind: "serial"; name: string; socket: string }
>;

export interface LaunchFile {
  readonly format: LaunchFormat;
  /** A name for it, such as `firecracker.json`. */
  readonly name: string;
  readonly text: string;
  /** A script is to be executable. */
  readonly executable: boolean;
  /** The shell command that starts the machine from the file. */
  readonly command: string;
}
