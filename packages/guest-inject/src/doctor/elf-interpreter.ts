import { displayText, type ByteString } from "@bootlayer/rootfs-tree";
import { follow, type ProgramContext, type ProgramSearch } from "./find-program.ts";
import type { Finding } from "./finding.ts";

/** Says why a program's ELF interpreter cannot be had, which Linux reports as if the program itself were missing. */
export function missingInterpreter(
  program: ByteString,
  interpreter: ByteString,
  search: Exclude<ProgramSearch, { kind: "found" }>,
  context: ProgramContext,
): Finding {
  const subject = displayText(program);
  const name = displayText(interpreter);
  if (search.kind === "not-executable" || search.kind === "not-a-file")
    return {
      code: "elf-interpreter",
      severity: "error",
      subject,
      reason: `its loader ${name} is there and cannot be executed`,
      remedy: "install the C library of the image again",
    };
  return {
    code: "elf-interpreter",
    severity: "error",
    subject,
    reason: `its loader ${name} is not in the image${otherLibrary(interpreter, context)}`,
    remedy: remedyFor(interpreter, context),
  };
}

function otherLibrary(interpreter: ByteString, context: ProgramContext): string {
  if (isMusl(interpreter)) return hasGlibc(context) ? ": it was built for musl, and the image has glibc" : "";
  return hasMusl(context) ? ": it was built for glibc, and the image has musl" : "";
}

function remedyFor(interpreter: ByteString, context: ProgramContext): string {
  if (isMusl(interpreter) && hasGlibc(context))
    return "build it for glibc or statically, or base the image on Alpine";
  if (!isMusl(interpreter) && hasMusl(context))
    return "build it for musl or statically, or base the image on a distribution with glibc";
  return "link the program statically, or put its loader and libraries into the image";
}

function isMusl(interpreter: ByteString): boolean {
  return interpreter.includes("/ld-musl-");
}

function hasMusl(context: ProgramContext): boolean {
  return holds("/lib", /^ld-musl-/, context);
}

function hasGlibc(context: ProgramContext): boolean {
  return ["/lib64", "/lib"].some((directory) => holds(directory, /^ld-linux|^ld64\.so/, context));
}

function holds(directory: string, name: RegExp, context: ProgramContext): boolean {
  const answer = follow(directory as ByteString, context);
  if (answer?.kind !== "found" || answer.node.kind !== "directory") return false;
  return [...answer.node.entries.keys()].some((entry) => name.test(entry));
}
