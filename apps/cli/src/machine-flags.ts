import { numberParser } from "@stricli/core";
import type { PortForward } from "@bootlayer/image-builder";
import { parseForward, parseMemory } from "./guest-arguments.ts";

/** Flags that say what machine a guest gets. */
export interface MachineFlags {
  readonly memory: number;
  readonly cpus: number;
  readonly append?: readonly string[];
  readonly forward?: readonly PortForward[];
  readonly disk?: readonly string[];
  readonly tap?: string;
  readonly agentSocket?: string;
  readonly cid: number;
}

export const kernelFlag = {
  kind: "parsed",
  parse: String,
  placeholder: "FILE",
  brief: "The guest's kernel: a bzImage, a vmlinux, or an arm64 Image",
} as const;

export const machineFlags = {
  memory: {
    kind: "parsed",
    parse: parseMemory,
    default: "512M",
    placeholder: "SIZE",
    brief: "The guest's memory",
  },
  cpus: {
    kind: "parsed",
    parse: numberParser,
    default: "1",
    placeholder: "N",
    brief: "The guest's processors",
  },
  append: {
    kind: "parsed",
    parse: String,
    optional: true,
    variadic: true,
    placeholder: "ARGUMENT",
    brief: "A further argument for the kernel's command line; may be repeated",
  },
  forward: {
    kind: "parsed",
    parse: parseForward,
    optional: true,
    variadic: true,
    placeholder: "[ADDRESS:]HOST:GUEST[/udp]",
    brief: "A port of this machine that leads to one of the guest, by QEMU's own network; may be repeated",
  },
  disk: {
    kind: "parsed",
    parse: String,
    optional: true,
    variadic: true,
    placeholder: "FILE",
    brief: "A further disk of the guest, behind its root; may be repeated",
  },
  tap: {
    kind: "parsed",
    parse: String,
    optional: true,
    placeholder: "DEVICE",
    brief: "The guest's network card is this tap device",
  },
  agentSocket: {
    kind: "parsed",
    parse: String,
    optional: true,
    placeholder: "FILE",
    brief: "The Unix socket through which this machine reaches the guest's agent",
  },
  cid: {
    kind: "parsed",
    parse: numberParser,
    default: "3",
    placeholder: "N",
    brief: "The guest's context identifier for vsock",
  },
} as const;
