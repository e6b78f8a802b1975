import { spawn } from "node:child_process";
import { once } from "node:events";
import { byteString, displayText, type ByteString, type Xattrs } from "@bootlayer/rootfs-tree";
import type { LayerLimits } from "@bootlayer/layer-flattener";
import { BuilderError } from "../errors.ts";

/** Extended attributes of a directory's files, by path within it (empty for the directory itself). */
export interface FoundXattrs {
  readonly byPath: ReadonlyMap<ByteString, Xattrs>;
  /** What could not be read, a sentence. */
  readonly warning?: string | undefined;
}

/**
 * Reads the extended attributes of all that is below a directory, symlinks not followed. Node cannot, so the program
 * getfattr (of Linux's attr tools) does; where it is missing that is said in a warning.
 *
 * @throws {BuilderError} SOURCE_LIMIT. The signal's reason when aborted.
 */
export async function readXattrs(
  directory: string,
  limits: LayerLimits,
  signal: AbortSignal,
): Promise<FoundXattrs> {
  const child = spawn("getfattr", [...getfattrFlags, "--", "."], {
    cwd: directory,
    env: { PATH: process.env["PATH"], LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  ended.catch(() => {});
  const abort = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", abort);
  try {
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (complaint.length < 2000) complaint += text;
    });
    const parser = createGetfattrParser(limits);
    child.stdout.setEncoding("latin1");
    for await (const text of child.stdout as AsyncIterable<string>) parser.push(text);
    const [exitCode]: unknown[] = await ended;
    signal.throwIfAborted();
    const first = complaint.split("\n", 1)[0] ?? "";
    const warning =
      exitCode === 0
        ? undefined
        : `extended attributes of some files were not read: ${displayText(byteString(first || `getfattr ended with ${String(exitCode)}`))}`;
    return { byPath: parser.end(), warning };
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT")
      return {
        byPath: new Map(),
        warning:
          "extended attributes were not read: there is no program getfattr (Debian's package attr has it)",
      };
    throw cause;
  } finally {
    signal.removeEventListener("abort", abort);
    child.kill("SIGKILL");
  }
}

/** All names and values, of symlinks themselves; what is escaped is escaped in octal. */
const getfattrFlags = ["-R", "-P", "-h", "-d", "-m", "-", "-e", "hex", "--absolute-names"];

/** Reads what `getfattr -d -e hex` prints, in pieces of any length. */
export function createGetfattrParser({ metadataBytes }: Pick<LayerLimits, "metadataBytes">): {
  push(text: string): void;
  end(): ReadonlyMap<ByteString, Xattrs>;
} {
  const byPath = new Map<ByteString, Map<ByteString, Uint8Array>>();
  let xattrs: Map<ByteString, Uint8Array> | undefined;
  let rest = "";
  let bytes = 0;

  function takeLine(line: string): void {
    const [, path] = /^# file: \.(?:\/(.*))?$/s.exec(line) ?? [];
    if (line.startsWith("# file: .")) {
      xattrs = new Map();
      byPath.set(unescape(path ?? ""), xattrs);
      return;
    }
    const sign = line.indexOf("=0x");
    if (sign > 0) xattrs?.set(unescape(line.slice(0, sign)), Buffer.from(line.slice(sign + 3), "hex"));
  }

  return {
    push(text) {
      bytes += text.length;
      // Values are two digits a byte.
      if (bytes > 2 * metadataBytes)
        throw new BuilderError(
          "SOURCE_LIMIT",
          `the extended attributes of the directory are over ${metadataBytes} bytes`,
          "if you trust it, raise the limit metadataBytes",
        );
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) takeLine(line);
    },
    end: () => byPath,
  };
}

/** `\NNN` is a byte in octal; getfattr writes so what could be mistaken: newlines, backslashes, equals signs. */
function unescape(text: string): ByteString {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  ) as ByteString;
}
