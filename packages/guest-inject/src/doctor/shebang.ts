import { byteStringOf, type ByteString } from "@bootlayer/rootfs-tree";

/** The first line of a script, as Linux takes it apart (execve(2), "Interpreter scripts"). */
export type Shebang = Readonly<
  | { kind: "none" }
  /** `argument` is all that follows the interpreter, as one argument. */
  | { kind: "interpreter"; path: ByteString; argument: ByteString | undefined }
  /** `#!` and no path. */
  | { kind: "empty" }
  /** The path does not end within what Linux reads. */
  | { kind: "too-long" }
>;

/** BINPRM_BUF_SIZE since Linux 5.1: all that the kernel looks at. */
export const shebangLength = 256;

/** Blanks around the interpreter and its argument are dropped; a carriage return is not a blank. */
export function parseShebang(bytes: Uint8Array): Shebang {
  const start = byteStringOf(bytes.subarray(0, shebangLength));
  if (!start.startsWith("#!")) return { kind: "none" };
  const [line = ""] = start.slice(2).split("\n", 1);
  const isWhole = start.length < shebangLength || line.length + 2 < start.length;
  const [, path, argument = ""] = /^[ \t]*([^ \t\0]*)([^\0]*)/.exec(line) ?? [];
  if (path === undefined || path === "") return { kind: "empty" };
  if (!isWhole && argument === "" && !line.includes("\0")) return { kind: "too-long" };
  const trimmed = argument.replace(/^[ \t]+|[ \t]+$/g, "");
  return {
    kind: "interpreter",
    path: path as ByteString,
    argument: trimmed === "" ? undefined : (trimmed as ByteString),
  };
}

/** What env(1) makes of its one argument in a shebang line. */
export type EnvProgram = Readonly<
  | { kind: "program"; name: ByteString }
  /** Without -S the whole argument, blanks included, is the program's name. */
  | { kind: "joined"; name: ByteString }
  /** Options decide. */
  | { kind: "unknown" }
>;

/** env(1), "-S/--split-string usage in scripts". */
export function envProgram(argument: ByteString): EnvProgram {
  const split = /^(?:-[iv0]*S|--split-string(?:=|[ \t]+))[ \t]*(.*)$/s.exec(argument)?.[1];
  if (split === undefined) {
    if (argument.startsWith("-") || argument.includes("=")) return { kind: "unknown" };
    return /[ \t]/.test(argument) ? { kind: "joined", name: argument } : { kind: "program", name: argument };
  }
  const words = split.split(/[ \t]+/).filter((word) => word !== "");
  const name = words.find((word) => !word.includes("="));
  return name === undefined || /^-|["'\\$]/.test(name)
    ? { kind: "unknown" }
    : { kind: "program", name: name as ByteString };
}
