import type { GuestConfigInput } from "@bootlayer/image-builder";
import {
  parseAgent,
  parseHostsLine,
  parseMount,
  parseNetwork,
  parseOverlay,
  parseService,
  parseVariable,
  parseWords,
} from "./guest-arguments.ts";

const initSystems = ["auto", "bootlayer", "systemd", "openrc"] as const;
const endings = ["power-off", "reboot", "halt"] as const;

/** Flags that say what the guest is; the same may be said in a file. */
export interface GuestFlags {
  readonly guest?: string;
  readonly initSystem?: (typeof initSystems)[number];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly (readonly string[])[];
  readonly env?: readonly (readonly [name: string, value: string])[];
  readonly user?: string;
  readonly workdir?: string;
  readonly stopSignal?: string;
  readonly stdin?: boolean;
  readonly terminal?: boolean;
  readonly hostname?: string;
  readonly addHost?: NonNullable<GuestConfigInput["hosts"]>;
  readonly dns?: readonly string[];
  readonly network?: NonNullable<GuestConfigInput["network"]>;
  readonly inject?: readonly string[];
  readonly service?: NonNullable<GuestConfigInput["services"]>;
  readonly agent?: readonly NonNullable<GuestConfigInput["agent"]>[];
  readonly sshKey?: readonly string[];
  readonly modules?: string;
  readonly load?: readonly string[];
  readonly mount?: NonNullable<GuestConfigInput["mounts"]>;
  readonly overlay?: NonNullable<GuestConfigInput["overlay"]>;
  readonly onExit?: (typeof endings)[number];
}

const optional = { kind: "parsed", parse: String, optional: true } as const;
const repeated = { ...optional, variadic: true } as const;
const ifGiven = { kind: "boolean", optional: true, withNegated: false } as const;

export const guestFlags = {
  guest: {
    ...optional,
    placeholder: "FILE",
    brief: "What the guest is, as YAML or JSON; flags are laid over it",
  },
  initSystem: {
    kind: "enum",
    values: initSystems,
    optional: true,
    brief: "What becomes PID 1 (default: the image's systemd or OpenRC, else an init of bootlayer's own)",
  },
  entrypoint: {
    ...optional,
    parse: parseWords,
    placeholder: "WORD|JSON",
    brief: "Instead of the image's Entrypoint, and its Cmd with it: a program, or a JSON array",
  },
  cmd: {
    ...repeated,
    parse: parseWords,
    placeholder: "WORD|JSON",
    brief: "Instead of the image's Cmd: a word each, or a JSON array",
  },
  env: { ...repeated, parse: parseVariable, placeholder: "NAME=VALUE", brief: "Added to the image's Env" },
  user: { ...optional, placeholder: "USER[:GROUP]", brief: "Instead of the image's User: names or numbers" },
  workdir: { ...optional, placeholder: "DIR", brief: "Instead of the image's WorkingDir" },
  stopSignal: { ...optional, placeholder: "SIGNAL", brief: "Instead of the image's StopSignal" },
  stdin: { ...ifGiven, brief: "The console's input goes to the program" },
  terminal: { ...ifGiven, brief: "The program gets a terminal of its own instead of pipes" },
  hostname: { ...optional, placeholder: "NAME", brief: "The guest's name" },
  addHost: { ...repeated, parse: parseHostsLine, placeholder: "NAME:ADDRESS", brief: "A line of /etc/hosts" },
  dns: { ...repeated, placeholder: "ADDRESS", brief: "A name server, in /etc/resolv.conf" },
  network: {
    ...optional,
    parse: parseNetwork,
    placeholder: "none|dhcp|kernel|ADDRESS/PREFIX[,GATEWAY]",
    brief: "How the guest's network comes up; kernel: as ip= on its command line says",
  },
  inject: {
    ...repeated,
    placeholder: "HOST:GUEST[:MODE[:UID:GID]]",
    brief: "Puts in a file or a directory of this machine",
  },
  service: {
    ...repeated,
    parse: parseService,
    placeholder: "NAME=PROGRAM|JSON",
    brief: "A program that is started beside the main one, and again when it ends",
  },
  agent: {
    ...repeated,
    parse: parseAgent,
    placeholder: "vsock[:PORT]|serial[:NAME]",
    brief: "Starts the agent that exec talks to, on a vsock port or a virtio-serial port",
  },
  sshKey: { ...repeated, placeholder: "FILE", brief: "Public keys that may log in as root" },
  modules: {
    ...optional,
    placeholder: "DIR",
    brief: "lib/modules/VERSION of the guest's kernel, from which --load takes",
  },
  load: {
    ...repeated,
    placeholder: "NAME",
    brief: "A kernel module, put in with those that it needs and loaded",
  },
  mount: {
    ...repeated,
    parse: parseMount,
    placeholder: "DEVICE:PATH[:TYPE[:OPTIONS]]",
    brief: "A further file system",
  },
  overlay: {
    ...optional,
    parse: parseOverlay,
    placeholder: "tmpfs[:SIZE]|DEVICE[:TYPE]",
    brief: "Where writes go, over a root that is only read",
  },
  onExit: {
    kind: "enum",
    values: endings,
    optional: true,
    brief: "What the machine does when its program has ended (default: power-off)",
  },
} as const;

/** Asks for a guest where no flag says anything of it. */
export const initFlag = {
  kind: "boolean",
  default: false,
  withNegated: false,
  brief: "Make a machine of the image: with an init, and what the flags on the guest ask for",
} as const;

export const guestFlagNames = Object.keys(guestFlags) as readonly (keyof typeof guestFlags)[];
