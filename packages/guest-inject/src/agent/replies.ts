import { byteStringOf, displayText } from "@bootlayer/rootfs-tree";
import type { AgentRefusal } from "../errors.ts";
import { GuestAgentError } from "../errors.ts";
import { decodeRecords, type AgentRecord } from "./records.ts";

/** How a program ended. */
export interface ProgramExit {
  /** As a shell gives it: 128 + the signal's number for one that was killed. */
  readonly code: number;
  readonly signal: number | undefined;
  /** Killed by the guest's kernel for lack of memory. */
  readonly outOfMemory: boolean;
}

export interface GuestStatus {
  readonly agentVersion: string;
  /** The main program; `unmanaged` where another init than ours runs the guest. */
  readonly program:
    | { readonly state: "unmanaged" | "starting" }
    | { readonly state: "running"; readonly pid: number }
    | { readonly state: "exited"; readonly exit: ProgramExit };
  /** Since the guest's kernel started. */
  readonly uptimeMilliseconds: number;
  /** From the start of the kernel to that of the main program. */
  readonly startedMilliseconds: number | undefined;
  readonly hostname: string;
  /** The guest kernel's release, such as `6.1.0-48-cloud-amd64`. */
  readonly kernel: string;
}

export interface FileAttributes {
  /** Permission bits, setuid, setgid and sticky included. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** As the file system says it; files of /proc say 0. */
  readonly size: number;
  readonly modified: { readonly seconds: number; readonly nanoseconds: number };
}

const maxUint32 = 0xffff_ffff;

const refusals: ReadonlySet<string> = new Set<AgentRefusal>([
  "protocol",
  "not-found",
  "permission",
  "not-executable",
  "exists",
  "no-space",
  "limit",
  "invalid",
  "unsupported",
  "io",
]);

export function decodeExited(payload: Buffer): ProgramExit {
  if (payload.length !== 12) throw nonsense("an end of a program", payload);
  const signal = payload.readUInt32LE(4);
  return {
    code: payload.readUInt32LE(0),
    signal: signal === 0 ? undefined : signal,
    outOfMemory: (payload.readUInt32LE(8) & 1) !== 0,
  };
}

export function decodeStarted(payload: Buffer): number {
  if (payload.length !== 4) throw nonsense("a start of a program", payload);
  return payload.readUInt32LE(0);
}

export function decodeDone(payload: Buffer): void {
  if (payload.length > 0) throw nonsense("a last answer", payload);
}

/** Records that this version does not know are passed over: a later agent may say more. */
export function decodeStatus(payload: Buffer): GuestStatus {
  const fields = fieldsOf("a status", payload);
  const protocol = fields.number("protocol");
  if (protocol !== 1)
    throw new GuestAgentError(
      "GUEST_AGENT_PROTOCOL",
      `the guest's agent speaks version ${protocol} of the protocol, this program version 1`,
      "use the version of this program with which the guest was built",
    );
  const started = fields.has("started") ? fields.number("started") : undefined;
  return {
    agentVersion: fields.text("agent"),
    program: programOf(fields),
    uptimeMilliseconds: fields.number("uptime"),
    startedMilliseconds: started,
    hostname: fields.text("hostname"),
    kernel: fields.text("kernel"),
  };
}

function programOf(fields: Fields): GuestStatus["program"] {
  const state = fields.text("state");
  switch (state) {
    case "unmanaged":
    case "starting":
      return { state };
    case "running":
      return { state, pid: fields.number("pid", { max: maxUint32 }) };
    case "exited": {
      const signal = fields.has("signal") ? fields.number("signal", { max: maxUint32 }) : undefined;
      const code = fields.number("exit", { max: maxUint32 });
      return { state, exit: { code, signal, outOfMemory: fields.has("oom") } };
    }
    default:
      throw fields.wrong();
  }
}

export function decodeFile(payload: Buffer): FileAttributes {
  const fields = fieldsOf("a file", payload);
  return {
    mode: fields.number("mode", { radix: 8, max: 0o7777 }),
    uid: fields.number("user", { max: maxUint32 }),
    gid: fields.number("user", { index: 1, max: maxUint32 }),
    size: fields.number("size"),
    modified: {
      seconds: fields.number("modified"),
      nanoseconds: fields.number("modified", { index: 1, max: 999_999_999 }),
    },
  };
}

/** The guest's own error, as it is thrown here; `what` is what was asked. */
export function decodeError(payload: Buffer, what: string): GuestAgentError {
  const fields = fieldsOf("an error", payload);
  const code = fields.text("code");
  if (!isRefusal(code)) throw fields.wrong();
  return new GuestAgentError(
    "GUEST_AGENT_REFUSED",
    `${what}: the guest's agent refused (${code}): ${fields.forPeople("message")}`,
    hints[code],
    { refusal: code },
  );
}

function isRefusal(code: string): code is AgentRefusal {
  return refusals.has(code);
}

const hints: Readonly<Record<AgentRefusal, string>> = {
  protocol: "this is a mistake in one of the two programs: report it",
  "not-found": "name something that is in the guest",
  permission: "look at the modes there, and whether the guest's file system is read-only",
  "not-executable": "name a program that is executable and made for the guest's architecture",
  exists: "name a file, not a directory",
  "no-space": "make room on the guest's disk",
  limit: "close what is no longer needed and try again",
  invalid: "see the message",
  unsupported: "this needs a guest whose init is bootlayer's",
  io: "look at the guest's console",
};

interface Fields {
  has(name: string): boolean;
  text(name: string): string;
  /** With whatever could forge a line or an escape sequence on a terminal made visible. */
  forPeople(name: string): string;
  number(
    name: string,
    options?: { readonly index?: number; readonly radix?: 8; readonly max?: number },
  ): number;
  wrong(): GuestAgentError;
}

function fieldsOf(what: string, payload: Buffer): Fields {
  const wrong = (): GuestAgentError => nonsense(what, payload);
  const records = decodeRecords(payload);
  if (records === undefined) throw wrong();
  const byName = new Map(records.map((record): [string, AgentRecord] => [record.name, record]));
  const field = (name: string, index = 0): Uint8Array => {
    const bytes = byName.get(name)?.fields[index];
    if (bytes === undefined) throw wrong();
    return bytes;
  };
  return {
    has: (name) => byName.has(name),
    text: (name) => Buffer.from(field(name)).toString("utf8"),
    forPeople: (name) => displayText(byteStringOf(field(name))),
    number: (name, { index = 0, radix = 10, max = Number.MAX_SAFE_INTEGER } = {}) => {
      const digits = Buffer.from(field(name, index)).toString("latin1");
      const number = Number.parseInt(digits, radix);
      if (!(radix === 8 ? /^[0-7]+$/ : /^\d+$/).test(digits) || number > max) throw wrong();
      return number;
    },
    wrong,
  };
}

/** For what is well framed and means nothing. */
export function nonsense(what: string, payload: Buffer): GuestAgentError {
  const shown = JSON.stringify(payload.toString("latin1", 0, 80));
  return new GuestAgentError(
    "GUEST_AGENT_PROTOCOL",
    `the guest sent ${what} that means nothing: ${shown} (${payload.length} bytes)`,
    "check that the address leads to a bootlayer agent, of the same version as this program",
  );
}
