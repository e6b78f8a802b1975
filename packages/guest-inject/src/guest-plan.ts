import type { ImageConfig } from "@bootlayer/image-spec";
import type { ByteString, DirectoryNode, FileNode } from "@bootlayer/rootfs-tree";
import type { GuestConfig } from "./guest-config.ts";
import type { InitConf } from "./init-conf.ts";

/** What becomes PID 1 in the guest. */
export type InitSystem = "bootlayer" | "systemd" | "openrc";

/** The bytes of a file that is put in: known already, or of a file of the host that is read (and checked) when needed. */
export type EntryContent = Readonly<
  | { kind: "bytes"; bytes: Uint8Array }
  /** `size` and `sha256` (hex) are what `prepareGuest` found: the bytes must still be those. */
  | { kind: "host-file"; path: string; size: number; sha256: string }
>;

/** One name that is put in, as a tar entry has it. */
export type InjectedEntry = InjectedAttributes &
  Readonly<
    | { kind: "directory" }
    | { kind: "file"; content: EntryContent }
    /** The target as written. */
    | { kind: "symlink"; target: ByteString }
  >;

export interface InjectedAttributes {
  /** From the root, without a leading slash; no component is a symlink of the image. */
  readonly path: ByteString;
  /** Permission bits: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A kernel module as it goes into the guest. */
export interface PreparedModule {
  /** As modprobe knows it, with `_` for `-`. */
  readonly name: string;
  /** Below `/lib/modules/VERSION`, never compressed: `kernel/fs/squashfs/squashfs.ko`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A file, directory or symlink of the host, under the path in the guest that was asked for. */
export interface PreparedFile {
  /** As asked: absolute, its parents not yet resolved in any image. */
  readonly guest: ByteString;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly content:
    | EntryContent
    | { readonly kind: "directory" }
    | { readonly kind: "symlink"; readonly target: ByteString };
}

/** Everything of the host that goes into a guest: no file of the host is looked for after this. */
export interface PreparedGuest {
  readonly config: GuestConfig;
  /** Of the guest: what `init` runs on. */
  readonly architecture: "amd64" | "arm64";
  /** Our init, a static ELF program. */
  readonly init: Uint8Array;
  /** In order: a directory comes before what is in it. */
  readonly files: readonly PreparedFile[];
  /** In the order in which they are loaded. */
  readonly modules: {
    /** The name below `/lib/modules`; undefined where no module was asked for. */
    readonly version: string | undefined;
    readonly load: readonly PreparedModule[];
  };
  readonly warnings: readonly string[];
  /**
   * 64 lowercase hex digits: with the image, the mode and the time, this decides every byte of the layer or the initrd. Where
   * files of the host lie does not count, what is in them does.
   */
  readonly identity: string;
}

/** What is read of an image. */
export interface GuestImage {
  readonly root: DirectoryNode;
  readonly config: ImageConfig;
  /** The first bytes of a file of this tree, at most `maxBytes`. Asked for small ones only, such as /etc/passwd. */
  readonly readFile: (node: FileNode, maxBytes: number) => Promise<Uint8Array>;
}

/** What a plan usually reads of an image, by normalised path: worth keeping at hand while its layers are read. */
export const filesOfPlan: ReadonlySet<string> = new Set([
  "etc/passwd",
  "etc/group",
  "etc/hosts",
  "etc/inittab",
  "root/.ssh/authorized_keys",
]);

export interface PlanOptions {
  /** `layer`: everything goes into the image. `initrd`: the image stays as it is. Default `layer`. */
  readonly as?: "layer" | "initrd" | undefined;
  /** Whether the root can only be read: squashfs, or a disk that is attached so. Default false. */
  readonly readOnlyRoot?: boolean | undefined;
}

/** A port that the image's author says the program listens on. */
export interface ExposedPort {
  readonly port: number;
  readonly protocol: "tcp" | "udp" | "sctp";
}

/** What is put in, and how the guest starts. */
export interface GuestPlan {
  readonly as: "layer" | "initrd";
  readonly initSystem: InitSystem;
  readonly conf: InitConf;
  /**
   * Parents first. Directories that the image has are not among them, so they keep their attributes. Of an initrd, `init.conf` is
   * not among them: `guestInitrd` writes it, with the root in it.
   */
  readonly entries: readonly InjectedEntry[];
  /** For the kernel's command line, such as `init=/usr/lib/bootlayer/init`. */
  readonly kernelArguments: readonly string[];
  /** What was asked for and is not quite so, a sentence each. */
  readonly warnings: readonly string[];
  readonly ports: readonly ExposedPort[];
  readonly labels: Readonly<Record<string, string>>;
}
