import { open } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { GuestError } from "./errors.ts";
import { parseGuestConfig, type GuestConfig } from "./guest-config.ts";

type Yaml = typeof import("yaml");

/**
 * Far more than a person writes; injected content of this size belongs in a file of its own. The parser's time grows with the
 * square of the length for some texts: this keeps the worst of them near a second.
 */
const maxBytes = 2 ** 16;
/** Deeper than any key lies. */
const maxDepth = 32;
/** The lexer's mark that its next token is a scalar's text. */
const scalarFollows = "\u001f";

/**
 * Reads a guest's configuration from YAML 1.2 or JSON. Paths of the host in it are relative to the file's directory and become
 * absolute.
 *
 * @throws {GuestError} GUEST_FILE if it cannot be read; GUEST_CONFIG, naming the key or the line.
 */
export async function readGuestConfig(path: string): Promise<GuestConfig> {
  const text = await readText(path);
  // Loaded here: a command line without such a file starts sooner.
  const config = parseGuestConfig(parseYaml(text, path, await import("yaml")), path);
  const absolute = (host: string): string => resolve(dirname(path), host);
  return {
    ...config,
    files: config.files.map((file) =>
      file.host === undefined ? file : { ...file, host: absolute(file.host) },
    ),
    ...(config.modules?.directory !== undefined && {
      modules: { ...config.modules, directory: absolute(config.modules.directory) },
    }),
  };
}

async function readText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    await using file = await open(path, "r");
    // One more than allowed, so that a pipe or a growing file is bounded too.
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    bytes = buffer.subarray(0, length);
  } catch (cause) {
    throw new GuestError("GUEST_FILE", `the guest's configuration ${path} cannot be read`, "check the path", {
      cause,
    });
  }
  if (bytes.length > maxBytes)
    throw new GuestError(
      "GUEST_CONFIG",
      `${path} is over ${maxBytes} bytes`,
      "name large contents as files of the host",
    );
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new GuestError("GUEST_CONFIG", `${path} is not UTF-8`, "save it as UTF-8", { cause });
  }
}

/** @throws {GuestError} GUEST_CONFIG. */
function parseYaml(text: string, path: string, yaml: Yaml): unknown {
  checkDepth(text, path, yaml);
  const invalid = (reason: string, cause?: unknown): GuestError =>
    new GuestError("GUEST_CONFIG", `${path}: ${reason}`, "it must be one document of YAML 1.2 or JSON", {
      cause,
    });
  try {
    const lineCounter = new yaml.LineCounter();
    const document = yaml.parseDocument(text, {
      version: "1.2",
      schema: "core",
      lineCounter,
      // Keys that are lists come back as text, which is an unknown key; nothing is printed about it.
      logLevel: "error",
      // Each would draw the line it is on: a line of a million mistakes takes forever.
      prettyErrors: false,
    });
    const [problem] = [...document.errors, ...document.warnings];
    if (problem)
      throw invalid(`line ${lineCounter.linePos(problem.pos[0]).line}: ${problem.message}`, problem);
    // Aliases multiply: a hundred uses is more than anyone types, a thousand bytes can stand for billions.
    return document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (cause) {
    if (cause instanceof GuestError) throw cause;
    throw invalid(cause instanceof Error ? cause.message : "cannot be read", cause);
  }
}

/**
 * Counts brackets, and what opens blocks within one line, from the lexer's tokens: it works through a text of any shape in
 * one pass, while the parser behind it takes minutes, or all memory, for some that are nested ten thousand deep.
 */
function checkDepth(text: string, path: string, { Lexer }: Yaml): void {
  let flow = 0;
  let line = 0;
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    if (isScalar) isScalar = false;
    else if (token === scalarFollows) isScalar = true;
    else if (token === "[" || token === "{") flow++;
    else if (token === "]" || token === "}") flow = Math.max(0, flow - 1);
    else if (token === "-" || token === "?" || token === ":") line++;
    else if (token === "\n" || token === "\r\n") line = 0;
    if (Math.max(flow, line) > maxDepth)
      throw new GuestError(
        "GUEST_CONFIG",
        `${path} is nested deeper than ${maxDepth} levels`,
        "no key lies that deep",
      );
  }
}
