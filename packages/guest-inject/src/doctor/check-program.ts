import { displayText, type ByteString, type FileNode } from "@bootlayer/rootfs-tree";
import type { DoctorImage } from "./doctor-image.ts";
import { elfArchitecture, parseElf, type ElfAnswer, type ElfHeader } from "./elf.ts";
import { findProgram, type ProgramContext, type ProgramSearch } from "./find-program.ts";
import type { Finding } from "./finding.ts";
import { missingInterpreter } from "./elf-interpreter.ts";
import { envProgram, parseShebang, type Shebang } from "./shebang.ts";

/** execve(2): an interpreter may be a script itself, four times over. */
const maxScripts = 4;
/** Where nearly every program has its headers. */
const usualHeaderBytes = 65_536;
/** A file of which more than this would have to be read is none that anybody runs. */
const maxHeaderBytes = 2 ** 28;

export interface ProgramCheck {
  readonly image: DoctorImage;
  readonly context: ProgramContext;
  /** Architectures whose programs the machine runs, in OCI's words. */
  readonly architectures: readonly string[];
}

/**
 * Follows what execve(2) will do with a program: look it up, check that it may be executed, read its ELF header or its
 * shebang line, and do the same with the interpreter that it names.
 */
export async function checkProgram(name: ByteString, check: ProgramCheck): Promise<Finding[]> {
  return await checkStep(name, check, 0, "program-missing", undefined);
}

async function checkStep(
  name: ByteString,
  check: ProgramCheck,
  scripts: number,
  ifMissing: "program-missing" | "shebang-interpreter" | "shebang-env",
  script: ByteString | undefined,
): Promise<Finding[]> {
  const search = findProgram(name, check.context);
  if (search.kind !== "found") return [searchFailure(name, search, check.context, ifMissing, script)];
  const { node, path } = search;
  if (node.size === 0)
    return [
      error("program-empty", path, "the file is empty", "the image was built wrongly: put the program there"),
    ];
  const bytes = await check.image.readFile(node, usualHeaderBytes);
  const shebang = parseShebang(bytes);
  if (shebang.kind !== "none") return await checkScript(path, shebang, check, scripts);
  return await checkElf(path, node, bytes, check);
}

async function checkElf(
  path: ByteString,
  node: FileNode,
  start: Uint8Array,
  check: ProgramCheck,
): Promise<Finding[]> {
  let answer: ElfAnswer = parseElf(start, node.size);
  if (answer.kind === "incomplete" && answer.length <= maxHeaderBytes)
    answer = parseElf(await check.image.readFile(node, answer.length), node.size);
  switch (answer.kind) {
    case "elf":
      return checkHeader(path, answer.header, check);
    case "not-elf":
      return [
        error(
          "program-format",
          path,
          "it is neither an ELF program nor a script with a #! line, so Linux cannot execute it",
          "if it is a shell script, begin it with #!/bin/sh",
        ),
      ];
    case "malformed":
      return [error("elf-malformed", path, answer.reason, "the file is damaged: build or copy it again")];
    case "incomplete":
      return [error("program-unreadable", path, "its headers lie too far inside", "build it again")];
    default:
      return answer satisfies never;
  }
}

function checkHeader(
  path: ByteString,
  header: ElfHeader,
  { context, architectures }: ProgramCheck,
): Finding[] {
  const architecture = elfArchitecture(header);
  const findings: Finding[] = [];
  if (header.type !== 2 && header.type !== 3)
    findings.push(error("elf-malformed", path, "it is an object file or a core, no program", "link it"));
  if (!architectures.includes(architecture))
    findings.push(
      error(
        "program-architecture",
        path,
        `it is built for ${architecture}, and the machine runs ${architectures.join(" and ")}`,
        "take the image for the machine's platform, or a kernel for the program's",
      ),
    );
  const { interpreter } = header;
  if (interpreter !== undefined) {
    const loader = findProgram(interpreter, context);
    if (loader.kind !== "found") findings.push(missingInterpreter(path, interpreter, loader, context));
  }
  if (findings.length > 0) return findings;
  const linked = interpreter === undefined ? "statically linked" : `loaded by ${displayText(interpreter)}`;
  return [ok("program-found", path, `an ELF program for ${architecture}, ${linked}`)];
}

async function checkScript(
  path: ByteString,
  shebang: Exclude<Shebang, { kind: "none" }>,
  check: ProgramCheck,
  scripts: number,
): Promise<Finding[]> {
  if (shebang.kind === "empty")
    return [error("shebang-interpreter", path, "its #! line names no interpreter", "write #!/bin/sh")];
  if (shebang.kind === "too-long")
    return [error("shebang-too-long", path, "its #! line has no end within 256 bytes", "use a shorter path")];
  const { path: interpreter, argument } = shebang;
  if (interpreter.endsWith("\r") || argument?.endsWith("\r"))
    return [
      error(
        "shebang-crlf",
        path,
        "its #! line ends in CR LF, so Linux takes the carriage return for part of the name",
        "save the script with LF line ends, by dos2unix or git's eol=lf",
      ),
    ];
  if (scripts >= maxScripts)
    return [
      error(
        "shebang-too-deep",
        path,
        "more than 4 scripts interpret one another",
        "name the real interpreter",
      ),
    ];
  const findings = [
    ok("program-script", path, `a script for ${displayText(interpreter)}`),
    ...(await checkStep(interpreter, check, scripts + 1, "shebang-interpreter", path)),
  ];
  if (argument === undefined || !/(^|\/)env$/.test(interpreter)) return findings;
  const program = envProgram(argument);
  switch (program.kind) {
    case "unknown":
      return findings;
    case "joined":
      return [
        ...findings,
        error(
          "shebang-arguments",
          path,
          `Linux hands all that follows over as one argument, so env looks for a program named "${displayText(program.name)}"`,
          "write #!/usr/bin/env -S before a program with arguments",
        ),
      ];
    case "program":
      return [...findings, ...(await checkStep(program.name, check, scripts + 1, "shebang-env", path))];
    default:
      return program satisfies never;
  }
}

function searchFailure(
  name: ByteString,
  search: Exclude<ProgramSearch, { kind: "found" }>,
  { path }: ProgramContext,
  ifMissing: "program-missing" | "shebang-interpreter" | "shebang-env",
  script: ByteString | undefined,
): Finding {
  const wanted = script === undefined ? "" : `, which ${displayText(script)} asks for`;
  switch (search.kind) {
    case "missing": {
      const where = name.includes("/")
        ? "the image has no such file"
        : `it is in none of ${path.map((directory) => displayText(directory)).join(":")}`;
      const remedy =
        ifMissing === "program-missing"
          ? "name a program that is there, by its full path, or set PATH"
          : "install the interpreter in the image, or correct the #! line";
      return error(ifMissing, name, `${where}${wanted}`, remedy);
    }
    case "loop":
      return error(ifMissing, name, `its symlinks point at each other${wanted}`, "correct the symlinks");
    case "not-a-file":
      return error(
        "program-not-a-file",
        search.path,
        `it is a ${search.what} and no file${wanted}`,
        "name a program",
      );
    case "not-executable":
      return error(
        "program-not-executable",
        search.path,
        `its mode ${search.mode.toString(8).padStart(4, "0")} does not let the user execute it${wanted}`,
        "set the execute bits in the image: chmod a+x",
      );
    default:
      return search satisfies never;
  }
}

function error(code: Finding["code"], subject: ByteString, reason: string, remedy: string): Finding {
  return { code, severity: "error", subject: displayText(subject), reason, remedy };
}

function ok(code: Finding["code"], subject: ByteString, reason: string): Finding {
  return { code, severity: "ok", subject: displayText(subject), reason, remedy: undefined };
}
