import * as z from "zod";
import { GuestError } from "./errors.ts";
import { parseSignal } from "./stop-signal.ts";

/**
 * What a person asks of the guest, in `guest.yaml` or by flags, with all defaults in place. Paths on the host are relative to
 * the file that names them. Resolved against an image's tree it becomes an `InitConf` and a layer.
 */
export interface GuestConfig {
  readonly version: 1;
  /** What becomes PID 1; `auto` recognises systemd and OpenRC images and gives all others the init of this package. */
  readonly init: "auto" | "bootlayer" | "systemd" | "openrc";
  readonly process: ProcessOverrides;
  readonly hostname?: string | undefined;
  /** Further lines of /etc/hosts. */
  readonly hosts: readonly HostsLine[];
  readonly dns?: Dns | undefined;
  readonly network?: GuestNetwork | undefined;
  readonly files: readonly InjectedFile[];
  /** Programs beside the main one, such as an agent of one's own: started by the init, or as systemd units or OpenRC services. */
  readonly services: readonly ServiceConfig[];
  /** The agent of this package, on a vsock port, a virtio-serial port, or both. Nothing listens unless asked for. */
  readonly agent?: { readonly vsock?: number | undefined; readonly serial?: string | undefined } | undefined;
  readonly ssh?: { readonly user: string; readonly authorizedKeys: readonly string[] } | undefined;
  /**
   * Kernel modules from a `lib/modules/VERSION` directory: these and what they need are put in and loaded, in order. Without a
   * directory they are the image's own, which only its systemd or OpenRC can load (modules-load.d(5)).
   */
  readonly modules?:
    | { readonly directory?: string | undefined; readonly load: readonly string[] }
    | undefined;
  /** Further file systems. */
  readonly mounts: readonly MountConfig[];
  /** Makes a read-only root writable: in memory, or on another disk. */
  readonly overlay?: OverlayConfig | undefined;
  readonly onExit: "power-off" | "reboot" | "halt";
}

/** As a person writes it: what has a default may be left out. */
export interface GuestConfigInput {
  readonly version?: 1 | undefined;
  readonly init?: GuestConfig["init"] | undefined;
  readonly process?: ProcessOverrides | undefined;
  readonly hostname?: string | undefined;
  readonly hosts?: readonly HostsLine[] | undefined;
  readonly dns?:
    | { readonly servers: readonly string[]; readonly search?: readonly string[] | undefined }
    | undefined;
  readonly network?: GuestNetworkInput | undefined;
  readonly files?: readonly InjectedFileInput[] | undefined;
  readonly services?: readonly ServiceConfigInput[] | undefined;
  readonly agent?: GuestConfig["agent"];
  readonly ssh?:
    | { readonly user?: string | undefined; readonly authorizedKeys: readonly string[] }
    | undefined;
  readonly modules?: GuestConfig["modules"];
  readonly mounts?: readonly MountConfigInput[] | undefined;
  readonly overlay?: OverlayConfigInput | undefined;
  readonly onExit?: GuestConfig["onExit"] | undefined;
}

/** What replaces or adds to the image's own configuration (image-spec config.md, "config"). */
export interface ProcessOverrides {
  /** Replaces the image's Entrypoint, and with it its Cmd, as `docker run --entrypoint` does; an empty list takes it away. */
  readonly entrypoint?: readonly string[] | undefined;
  /** Replaces the image's Cmd. */
  readonly cmd?: readonly string[] | undefined;
  /** Added to the image's Env; the same name replaces. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** As in a Dockerfile's USER: `name|uid[:group|gid]`. */
  readonly user?: string | undefined;
  readonly workingDirectory?: string | undefined;
  /** `SIGQUIT`, `QUIT` or a number. */
  readonly stopSignal?: string | undefined;
  readonly stopTimeoutSeconds?: number | undefined;
  /** A terminal of its own instead of pipes. */
  readonly terminal?: boolean | undefined;
  /** The console's input goes to the program. */
  readonly stdin?: boolean | undefined;
  /** By rlimit name; one value for both, or [soft, hard]. */
  readonly limits?:
    | Readonly<Record<string, LimitValue | readonly [soft: LimitValue, hard: LimitValue]>>
    | undefined;
}

export type LimitValue = number | "unlimited";

export interface HostsLine {
  readonly address: string;
  readonly names: readonly string[];
}

export interface Dns {
  readonly servers: readonly string[];
  readonly search: readonly string[];
}

export type GuestNetwork = Readonly<
  | { mode: "none" }
  /** `ip=` on the kernel's command line. */
  | { mode: "kernel"; interface?: string | undefined }
  | { mode: "dhcp"; interface?: string | undefined; mtu?: number | undefined }
  | {
      mode: "static";
      interface?: string | undefined;
      /** With their prefix: `10.0.0.2/24`. */
      addresses: readonly string[];
      gateways: readonly string[];
      mtu?: number | undefined;
    }
>;

export type GuestNetworkInput =
  | Exclude<GuestNetwork, { mode: "static" }>
  | (Omit<Extract<GuestNetwork, { mode: "static" }>, "gateways"> & {
      readonly gateways?: readonly string[] | undefined;
    });

/** A file or a directory (with all below it) of the host, or else `content`. */
export interface InjectedFile {
  readonly host?: string | undefined;
  readonly content?: string | undefined;
  readonly guest: string;
  /**
   * Of the file, or of all files of a directory. Default: the host's permission bits; 0644 for `content`. Directories have the
   * host's bits, and where the image has them, keep the image's.
   */
  readonly mode?: string | undefined;
  readonly uid: number;
  readonly gid: number;
}

export interface InjectedFileInput extends Omit<InjectedFile, "uid" | "gid"> {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

export interface ServiceConfig {
  readonly name: string;
  /** The first is an absolute path in the guest. */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly restart: boolean;
}

export interface ServiceConfigInput extends Omit<ServiceConfig, "restart"> {
  readonly restart?: boolean | undefined;
}

export interface MountConfig {
  readonly device: string;
  readonly path: string;
  readonly type: string;
  readonly options: string;
}

export interface MountConfigInput extends Omit<MountConfig, "type" | "options"> {
  readonly type?: string | undefined;
  readonly options?: string | undefined;
}

export type OverlayConfig = Readonly<
  { kind: "tmpfs"; size?: string | undefined } | { kind: "device"; device: string; type: string }
>;

export type OverlayConfigInput = Readonly<
  { kind: "tmpfs"; size?: string | undefined } | { kind: "device"; device: string; type?: string | undefined }
>;

/** 2^32 - 1 is no owner and no port, but "leave it" or "any". */
const id = z.int().min(0).max(0xffff_fffe);
const port = z.int().min(1).max(0xffff_fffe);
const text = z.string().regex(/^[^\0]*$/, "holds a NUL");
const name = text.min(1);
const absolutePath = text
  .startsWith("/", "is not an absolute path")
  .refine((path) => Buffer.byteLength(path) <= 4095, "is over 4095 bytes");
const guestPath = absolutePath.refine(
  (path) => path.split("/").every((name) => name !== "." && name !== ".."),
  "has . or .. in it",
);
const mode = z.string().regex(/^0?[0-7]{3,4}$/, "is not an octal mode such as 0755");
const interfaceName = z.string().regex(/^(?!\.)[!-.0-~]{1,15}$/, "is not an interface's name");
const hostName = z
  .string()
  .regex(
    /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*$/,
    "is not a host name",
  );
const ip = z.union([z.ipv4(), z.ipv6()]);
const cidr = z.union([z.cidrv4(), z.cidrv6()]);
const environment = z.record(z.string().regex(/^[^=\0]+$/, "is not a variable's name"), text);
const words = z.array(text);
const serviceCommand = words.refine(
  ([program]) => program?.startsWith("/") === true,
  "does not begin with an absolute path",
);
const limitValue = z.union([z.int().min(0), z.literal("unlimited")]);
const isAtMost = (soft: LimitValue, hard: LimitValue): boolean =>
  hard === "unlimited" || (soft !== "unlimited" && soft <= hard);
const limit = z.union([
  limitValue,
  z
    .tuple([limitValue, limitValue])
    .refine(([soft, hard]) => isAtMost(soft, hard), "has a soft limit over the hard one"),
]);
/** setrlimit(2), as init.conf names them. */
const limitName = z.enum([
  ...(["as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue"] as const),
  ...(["nice", "nofile", "nproc", "rss", "rtprio", "sigpending", "stack"] as const),
]);
/** A line of authorized_keys (sshd(8)), options allowed; nobody means to put a private key into an image. */
const authorizedKey = z
  .string()
  .regex(/^[^\n\r\0]+$/, "is not one line")
  .refine((line) => !line.includes("PRIVATE KEY"), "is a private key");

const processSchema = z.strictObject({
  entrypoint: words.optional(),
  cmd: words.optional(),
  env: environment.optional(),
  user: name.optional(),
  workingDirectory: absolutePath.optional(),
  stopSignal: z
    .string()
    .refine((signal) => parseSignal(signal) !== undefined, "is not a signal")
    .optional(),
  stopTimeoutSeconds: z.int().min(0).max(3600).optional(),
  terminal: z.boolean().optional(),
  stdin: z.boolean().optional(),
  limits: z.partialRecord(limitName, limit).optional(),
});

const fileSchema = z
  .strictObject({
    host: name.optional(),
    content: z.string().optional(),
    guest: guestPath,
    mode: mode.optional(),
    uid: id.default(0),
    gid: id.default(0),
  })
  .refine(
    ({ host, content }) => (host === undefined) !== (content === undefined),
    "needs either host or content",
  )
  .refine(
    ({ content, guest }) => content === undefined || !guest.endsWith("/"),
    "has content, but no name: guest ends with /",
  );

const networkSchema = z.discriminatedUnion("mode", [
  z.strictObject({ mode: z.literal("none") }),
  z.strictObject({ mode: z.literal("kernel"), interface: interfaceName.optional() }),
  z.strictObject({
    mode: z.literal("dhcp"),
    interface: interfaceName.optional(),
    mtu: z.int().min(68).max(65_535).optional(),
  }),
  z.strictObject({
    mode: z.literal("static"),
    interface: interfaceName.optional(),
    addresses: z.array(cidr).min(1),
    gateways: z
      .array(ip)
      .refine(
        (gateways) => new Set(gateways.map((gateway) => gateway.includes(":"))).size === gateways.length,
        "has two of one family",
      )
      .default([]),
    mtu: z.int().min(68).max(65_535).optional(),
  }),
]);

const guestConfigSchema: z.ZodType<GuestConfig, GuestConfigInput> = z.strictObject({
  version: z.literal(1).default(1),
  init: z.enum(["auto", "bootlayer", "systemd", "openrc"]).default("auto"),
  process: processSchema.prefault({}),
  // As long as sethostname(2) takes.
  hostname: hostName.max(64).optional(),
  hosts: z.array(z.strictObject({ address: ip, names: z.array(hostName).min(1) })).default([]),
  dns: z.strictObject({ servers: z.array(ip).max(3), search: z.array(hostName).default([]) }).optional(),
  network: networkSchema.optional(),
  files: z.array(fileSchema).default([]),
  services: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, "is not a service's name"),
        command: serviceCommand,
        env: environment.optional(),
        restart: z.boolean().default(true),
      }),
    )
    .max(64)
    .refine(
      (services) => new Set(services.map(({ name }) => name)).size === services.length,
      "has two of the same name",
    )
    .default([]),
  agent: z
    .strictObject({
      vsock: port.optional(),
      serial: z
        .string()
        .regex(/^[A-Za-z0-9._-]{1,64}$/)
        .optional(),
    })
    .refine(({ vsock, serial }) => vsock !== undefined || serial !== undefined, "needs vsock or serial")
    .optional(),
  ssh: z
    .strictObject({ user: name.default("root"), authorizedKeys: z.array(authorizedKey).min(1) })
    .optional(),
  modules: z
    .strictObject({
      directory: name.optional(),
      load: z.array(z.string().regex(/^[\w-]+$/, "is not a module's name")).min(1),
    })
    .optional(),
  mounts: z
    .array(
      z.strictObject({
        device: name,
        path: absolutePath,
        type: name.default("ext4"),
        options: text.default("rw"),
      }),
    )
    .default([]),
  overlay: z
    .discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("tmpfs"),
        size: z
          .string()
          .regex(/^\d{1,19}[kmg%]?$/i, "is not a size such as 64m or 50%")
          .optional(),
      }),
      z.strictObject({
        kind: z.literal("device"),
        device: name,
        type: name.default("ext4"),
      }),
    ])
    .optional(),
  onExit: z.enum(["power-off", "reboot", "halt"]).default("power-off"),
});

/**
 * Checks a guest's configuration and puts its defaults in place. Unknown keys are refused: a misspelt one would be ignored.
 *
 * @param source - the file or flag it came from, for messages.
 * @throws {GuestError} GUEST_CONFIG, naming each key that is wrong.
 */
export function parseGuestConfig(input: unknown, source: string): GuestConfig {
  const { success, data, error: cause } = guestConfigSchema.safeParse(input);
  if (success) return data;
  throw new GuestError(
    "GUEST_CONFIG",
    `${source}: ${z.prettifyError(cause)}`,
    "correct or remove these keys",
    {
      cause,
    },
  );
}
