import { GuestAgentError } from "../errors.ts";
import { MAX_PAYLOAD } from "./frames.ts";
import { guestBytes, showText, type GuestText } from "./guest-text.ts";
import { encodeRecords, type RecordLine } from "./records.ts";

/** Numbers as the guest's kernel has them. */
export interface GuestIdentity {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups; none by default. */
  readonly groups?: readonly number[];
}

/** Rows and columns of characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

export interface ExecRequest {
  /** The program, an absolute path or a name for the guest's PATH, and its arguments. */
  readonly argv: readonly GuestText[];
  /** Added to the main program's environment; the same name replaces. */
  readonly env?: Readonly<Record<string, GuestText>>;
  /** Default: the main program's. Made if it is missing. */
  readonly cwd?: GuestText;
  /**
   * Default: the main program's. Text as in a Dockerfile's USER, `name|uid[:group|gid]`, is looked up in the guest's own /etc/passwd and
   * /etc/group, and sets HOME.
   */
  readonly user?: string | GuestIdentity;
  /** A terminal of this size instead of pipes: all output is on stdout. */
  readonly terminal?: TerminalSize;
  /** The program's input is `GuestProcess.stdin`. Without it (and without a terminal) it reads /dev/null. */
  readonly stdin?: boolean;
}

export interface PutOptions {
  /** Permission bits; default 0o644. */
  readonly mode?: number;
  /** Default 0. */
  readonly uid?: number;
  /** Default 0. */
  readonly gid?: number;
  /** In bytes; needed where the content is an iterable. */
  readonly size?: number;
  /** Makes directories that are missing, mode 0755. */
  readonly parents?: boolean;
  readonly signal?: AbortSignal;
}

const maxId = 0xffff_fffe;

/** @throws {GuestAgentError} GUEST_AGENT_REQUEST */
export function encodeExec(request: ExecRequest, identity: GuestIdentity | undefined): Uint8Array {
  if (request.argv.length === 0) throw wrong("an exec without a program", "give at least argv[0]");
  const lines: RecordLine[] = request.argv.map((argument) => ["argv", guestBytes(argument, "argument")]);
  for (const [name, value] of Object.entries(request.env ?? {})) {
    if (name === "" || name.includes("="))
      throw wrong(`the variable's name ${JSON.stringify(name)}`, "a name is not empty and has no =");
    lines.push([
      "env",
      guestBytes(Buffer.concat([Buffer.from(`${name}=`), guestBytes(value, "value")]), "variable"),
    ]);
  }
  if (request.cwd !== undefined) lines.push(["cwd", guestBytes(request.cwd, "directory")]);
  if (identity) {
    lines.push(["user", id(identity.uid, "uid"), id(identity.gid, "gid")]);
    for (const group of identity.groups ?? []) lines.push(["group", id(group, "group")]);
  }
  if (request.terminal) lines.push(["terminal", ...terminalFields(request.terminal)]);
  if (request.stdin === true) lines.push(["stdin"]);
  return payload(lines, `exec of ${JSON.stringify(request.argv.slice(0, 3).map(showText))}`);
}

/** @throws {GuestAgentError} GUEST_AGENT_REQUEST */
export function encodePut(path: GuestText, size: number, options: PutOptions): Uint8Array {
  const lines: RecordLine[] = [
    ["path", guestBytes(path, "path")],
    ["size", whole(size, Number.MAX_SAFE_INTEGER, "size")],
    ["user", id(options.uid ?? 0, "uid"), id(options.gid ?? 0, "gid")],
    ["mode", Buffer.from(whole(options.mode ?? 0o644, 0o7777, "mode").toString(8))],
  ];
  if (options.parents === true) lines.push(["parents"]);
  return payload(lines, `put of ${JSON.stringify(showText(path))}`);
}

/** @throws {GuestAgentError} GUEST_AGENT_REQUEST */
export function encodeGet(path: GuestText): Uint8Array {
  return payload([["path", guestBytes(path, "path")]], `get of ${JSON.stringify(showText(path))}`);
}

/** @throws {GuestAgentError} GUEST_AGENT_REQUEST */
export function encodeSize(size: TerminalSize): Uint8Array {
  const [rows, columns] = terminalFields(size);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(rows, 0);
  bytes.writeUInt16LE(columns, 2);
  return bytes;
}

/** @throws {GuestAgentError} GUEST_AGENT_REQUEST */
export function signalNumber(number: number): number {
  if (number === 0) throw wrong("signal 0", "give a number from 1 to 64");
  return whole(number, 64, "signal");
}

function terminalFields({ rows, columns }: TerminalSize): [rows: number, columns: number] {
  return [whole(rows, 0xffff, "number of rows"), whole(columns, 0xffff, "number of columns")];
}

function id(value: number, what: string): number {
  return whole(value, maxId, what);
}

function whole(value: number, max: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw wrong(`the ${what} ${value}`, `give a whole number from 0 to ${max}`);
  return value;
}

function payload(lines: readonly RecordLine[], what: string): Uint8Array {
  const bytes = encodeRecords(lines);
  if (bytes.length > MAX_PAYLOAD)
    throw wrong(
      `${what}, ${bytes.length} bytes long,`,
      `a request has at most ${MAX_PAYLOAD} bytes: put long arguments into a file`,
    );
  return bytes;
}

function wrong(what: string, hint: string): GuestAgentError {
  return new GuestAgentError("GUEST_AGENT_REQUEST", `${what} cannot be asked of a guest's agent`, hint);
}
