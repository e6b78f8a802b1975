import * as z from "zod";

/**
 * What a person asks of the guest, in `guest.yaml` or by flags: everything optional, everything typed. Paths on the host are
 * relative to the file that names them. Resolved against an image's tree it becomes an `InitConf` and a layer.
 */
const bytesOrNumber = z.int().min(0).max(0xffff_ffff);
const port = z.int().min(1).max(0xffff_fffe);
const absolutePath = z.string().startsWith("/", "is not an absolute path").max(4095);
const mode = z.string().regex(/^0?[0-7]{3,4}$/, "is not an octal mode such as 0755");
const hostName = z
  .string()
  .regex(
    /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*$/,
    "is not a host name",
  );
const ip = z.union([z.ipv4(), z.ipv6()]);
const cidr = z.union([z.cidrv4(), z.cidrv6()]);
const environment = z.record(
  z.string().regex(/^[^=\0]+$/, "is not a variable's name"),
  z.string().regex(/^[^\0]*$/),
);
const command = z.array(z.string().regex(/^[^\0]*$/)).min(1);

const processSchema = z.strictObject({
  /** Replaces the image's Entrypoint, and with it its Cmd, as `docker run --entrypoint` does. */
  entrypoint: command.optional(),
  /** Replaces the image's Cmd. */
  cmd: z.array(z.string().regex(/^[^\0]*$/)).optional(),
  /** Added to the image's Env; the same name replaces. */
  env: environment.optional(),
  /** As in a Dockerfile's USER: `name|uid[:group|gid]`. */
  user: z.string().min(1).optional(),
  workingDirectory: absolutePath.optional(),
  /** `SIGQUIT`, `QUIT` or a number. */
  stopSignal: z.string().min(1).optional(),
  stopTimeoutSeconds: z.int().min(0).max(3600).optional(),
  /** A terminal of its own instead of pipes. */
  terminal: z.boolean().optional(),
  /** The console's input goes to the program. */
  stdin: z.boolean().optional(),
  /** By rlimit name; a number for both, or [soft, hard]. */
  limits: z
    .record(
      z.string(),
      z.union([
        z.int().min(0),
        z.literal("unlimited"),
        z.tuple([
          z.union([z.int().min(0), z.literal("unlimited")]),
          z.union([z.int().min(0), z.literal("unlimited")]),
        ]),
      ]),
    )
    .optional(),
});

const fileSchema = z
  .strictObject({
    /** A file or a directory (with all below it) of the host, or else `content`. */
    host: z.string().min(1).optional(),
    content: z.string().optional(),
    guest: absolutePath,
    /** Default: the host file's permission bits; 0644 for `content`. Of directories below: theirs. */
    mode: mode.optional(),
    uid: bytesOrNumber.default(0),
    gid: bytesOrNumber.default(0),
  })
  .refine(
    ({ host, content }) => (host === undefined) !== (content === undefined),
    "needs either host or content",
  );

const networkSchema = z.discriminatedUnion("mode", [
  z.strictObject({ mode: z.literal("none") }),
  /** `ip=` on the kernel's command line. */
  z.strictObject({ mode: z.literal("kernel"), interface: z.string().optional() }),
  z.strictObject({
    mode: z.literal("dhcp"),
    interface: z.string().optional(),
    mtu: z.int().min(68).max(65_535).optional(),
  }),
  z.strictObject({
    mode: z.literal("static"),
    interface: z.string().optional(),
    addresses: z.array(cidr).min(1),
    gateways: z.array(ip).max(2).default([]),
    mtu: z.int().min(68).max(65_535).optional(),
  }),
]);

export const guestConfigSchema = z.strictObject({
  version: z.literal(1).default(1),
  /** What becomes PID 1; `auto` recognises systemd and OpenRC images and gives all others the init of this package. */
  init: z.enum(["auto", "bootlayer", "systemd", "openrc"]).default("auto"),
  process: processSchema.prefault({}),
  hostname: hostName.optional(),
  /** Further lines of /etc/hosts. */
  hosts: z.array(z.strictObject({ address: ip, names: z.array(hostName).min(1) })).default([]),
  dns: z.strictObject({ servers: z.array(ip).max(3), search: z.array(hostName).default([]) }).optional(),
  network: networkSchema.optional(),
  files: z.array(fileSchema).default([]),
  /** Programs beside the main one, such as an agent of one's own: started by the init, or as systemd units or OpenRC services. */
  services: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, "is not a service's name"),
        /** The first is an absolute path in the guest. */
        command,
        env: environment.optional(),
        restart: z.boolean().default(true),
      }),
    )
    .default([]),
  /** The agent of this package. Nothing listens unless asked for. */
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
    .strictObject({ user: z.string().default("root"), authorizedKeys: z.array(z.string().min(1)).min(1) })
    .optional(),
  /** Kernel modules from a `lib/modules/VERSION` directory: these and what they need are put in and loaded, in order. */
  modules: z
    .strictObject({ directory: z.string().min(1), load: z.array(z.string().regex(/^[\w-]+$/)).min(1) })
    .optional(),
  /** Further file systems. */
  mounts: z
    .array(
      z.strictObject({
        device: z.string().min(1),
        path: absolutePath,
        type: z.string().default("ext4"),
        options: z.string().default("rw"),
      }),
    )
    .default([]),
  /** Makes a read-only root writable: in memory, or on another disk. */
  overlay: z
    .discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("tmpfs"),
        size: z
          .string()
          .regex(/^\d+[kmg%]?$/i)
          .optional(),
      }),
      z.strictObject({
        kind: z.literal("device"),
        device: z.string().min(1),
        type: z.string().default("ext4"),
      }),
    ])
    .optional(),
  onExit: z.enum(["power-off", "reboot", "halt"]).default("power-off"),
});

/** As a person writes it. */
export type GuestConfigInput = z.input<typeof guestConfigSchema>;
/** With all defaults in place. */
export type GuestConfig = z.output<typeof guestConfigSchema>;
