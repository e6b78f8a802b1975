/** What guests' flags hold, read from text; names, ranges and paths are the library's to check. */
import type { GuestConfigInput, LaunchFormat, PortForward } from "@bootlayer/image-builder";

type Member<Name extends keyof GuestConfigInput> = NonNullable<GuestConfigInput[Name]>;

/** The agent's own where none is named; here too, so that reading flags needs no library. */
export const defaultVsockPort = 1024;
/** The virtio-serial port that the agent takes where none is named. */
const defaultSerialPort = "bootlayer.agent";

function refuse(text: string, form: string): never {
  throw new SyntaxError(`${JSON.stringify(text)} is not ${form}`);
}

/** One word, or a JSON array of words. */
export function parseWords(text: string): readonly string[] {
  if (!text.startsWith("[")) return [text];
  let words: unknown;
  try {
    words = JSON.parse(text);
  } catch {
    words = undefined;
  }
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string"))
    refuse(text, "a word or a JSON array of words");
  return words;
}

/** `NAME=VALUE`. */
export function parseVariable(text: string): readonly [name: string, value: string] {
  const equals = text.indexOf("=");
  if (equals < 1) refuse(text, "NAME=VALUE");
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** `vsock[:PORT]` or `serial[:NAME]`. */
export function parseAgent(text: string): Member<"agent"> {
  const [, kind, rest] = /^(vsock|serial)(?::(.+))?$/.exec(text) ?? [];
  if (kind === "serial") return { serial: rest ?? defaultSerialPort };
  if (kind !== "vsock" || (rest !== undefined && !/^\d{1,10}$/.test(rest)))
    refuse(text, "vsock[:PORT] or serial[:NAME]");
  return { vsock: rest === undefined ? defaultVsockPort : Number(rest) };
}

/** `none`, `dhcp`, `kernel`, or addresses with their prefix and gateways without: `10.0.0.2/24,10.0.0.1`. */
export function parseNetwork(text: string): Member<"network"> {
  if (text === "none" || text === "dhcp" || text === "kernel") return { mode: text };
  const all = text.split(",");
  const addresses = all.filter((address) => address.includes("/"));
  if (addresses.length === 0) refuse(text, "none, dhcp, kernel or ADDRESS/PREFIX[,GATEWAY]");
  return { mode: "static", addresses, gateways: all.filter((address) => !address.includes("/")) };
}

/** `NAME:ADDRESS`, as docker's `--add-host` has it. */
export function parseHostsLine(text: string): Member<"hosts">[number] {
  const [, name, address] = /^([^:]+):(.+)$/.exec(text) ?? [];
  if (name === undefined || address === undefined) refuse(text, "NAME:ADDRESS");
  return { address: address.replace(/^\[(.*)\]$/, "$1"), names: [name] };
}

/** `NAME=PROGRAM`, or `NAME=["PROGRAM", "ARGUMENT"…]`. */
export function parseService(text: string): Member<"services">[number] {
  const [name, command] = parseVariable(text);
  return { name, command: parseWords(command) };
}

/** `DEVICE:PATH[:TYPE[:OPTIONS]]`. */
export function parseMount(text: string): Member<"mounts">[number] {
  const [, device, path, type, options] = /^([^:]+):([^:]+)(?::([^:]+)(?::(.+))?)?$/.exec(text) ?? [];
  if (device === undefined || path === undefined) refuse(text, "DEVICE:PATH[:TYPE[:OPTIONS]]");
  return { device, path, type, options };
}

/** `tmpfs[:SIZE]`, or a device by path, `UUID=` or `LABEL=` with an optional file system: `/dev/vdb[:ext4]`. */
export function parseOverlay(text: string): Member<"overlay"> {
  const [, place = "", rest] = /^([^:]+)(?::(.+))?$/.exec(text) ?? [];
  if (place === "tmpfs") return { kind: "tmpfs", size: rest };
  if (!/^(?:\/|UUID=|LABEL=)/.test(place)) refuse(text, "tmpfs[:SIZE] or DEVICE[:TYPE]");
  return { kind: "device", device: place, type: rest };
}

/** `[ADDRESS:]HOST:GUEST[/udp]`. */
export function parseForward(text: string): PortForward {
  const [, hostAddress, host, guest, protocol] =
    /^(?:([\d.]+):)?(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?$/.exec(text) ?? [];
  if (host === undefined || guest === undefined) refuse(text, "[ADDRESS:]HOST:GUEST[/udp]");
  return {
    hostAddress,
    hostPort: Number(host),
    guestPort: Number(guest),
    protocol: protocol === "udp" ? "udp" : "tcp",
  };
}

export const launchFormats = [
  "firecracker",
  "cloud-hypervisor",
  "qemu",
  "libkrun",
] as const satisfies LaunchFormat[];

export interface EmitTarget {
  readonly format: LaunchFormat;
  /** Default: a name of the format's, beside the disk. */
  readonly file: string | undefined;
}

/** `FORMAT[:FILE]`. */
export function parseEmit(text: string): EmitTarget {
  const [, name, file] = /^([a-z-]+)(?::(.+))?$/s.exec(text) ?? [];
  const format = launchFormats.find((candidate) => candidate === name);
  if (format === undefined) refuse(text, `FORMAT[:FILE], where FORMAT is ${launchFormats.join(", ")}`);
  return { format, file };
}

/** Mebibytes, or a number with M or G. */
export function parseMemory(text: string): number {
  const [, digits, unit] = /^(\d{1,7})([MG])?(?:i?B)?$/i.exec(text) ?? [];
  if (digits === undefined) refuse(text, "a size of memory such as 512M or 2G");
  return Number(digits) * (unit?.toUpperCase() === "G" ? 1024 : 1);
}

/** A time that can pass. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^[\d.]+$/.test(text) || !(seconds > 0)) refuse(text, "a number of seconds over 0");
  return seconds;
}
