import type { ByteString } from "@bootlayer/rootfs-tree";

/**
 * What the host tells the init: everything resolved to numbers and final paths. `init/init-conf.md` describes the file that
 * `encodeInitConf` makes of it.
 */
export interface InitConf {
  readonly run: RunProgram | HandOver;
  readonly hostname?: string;
  readonly machineId?: boolean;
  /** Paths of kernel modules in the guest, in the order of loading. */
  readonly modules?: readonly string[];
  readonly root?: {
    readonly device: string;
    readonly type: "ext4" | "squashfs" | "erofs" | "auto";
    readonly options: string;
  };
  readonly overlay?:
    | { readonly kind: "tmpfs"; readonly size?: string | undefined }
    | { readonly kind: "device"; readonly device: string; readonly type: string };
  readonly mounts?: readonly {
    readonly device: string;
    readonly path: string;
    readonly type: string;
    readonly options: string;
  }[];
  readonly tmpfs?: readonly {
    readonly path: string;
    readonly mode: number;
    readonly size?: string | undefined;
  }[];
  readonly network?: {
    readonly mode: "none" | "kernel" | "dhcp" | "static";
    readonly interface?: string | undefined;
    readonly addresses?: readonly string[];
    readonly gateways?: readonly string[];
    readonly mtu?: number | undefined;
  };
  readonly resolvConf?: string;
  readonly agent?: { readonly vsock?: number | undefined; readonly serial?: string | undefined };
  readonly services?: readonly GuestService[];
  readonly onExit?: "power-off" | "reboot" | "halt";
}

/** A program with its identity, as execve and setgroups take it. */
export interface RunProgram {
  readonly kind: "program";
  readonly argv: readonly ByteString[];
  /** `NAME=VALUE`. */
  readonly env: readonly ByteString[];
  readonly cwd: ByteString;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
  readonly limits: readonly {
    readonly name: string;
    readonly soft: number | "unlimited";
    readonly hard: number | "unlimited";
  }[];
  readonly terminal: boolean;
  readonly stdin: boolean;
  readonly stopSignal: number;
  readonly stopTimeoutSeconds: number;
}

/** The image's own init becomes PID 1. */
export interface HandOver {
  readonly kind: "hand-over";
  readonly path: ByteString;
}

export interface GuestService {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  readonly restart: boolean;
}
