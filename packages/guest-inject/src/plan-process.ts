import type { ProcessConfig } from "@bootlayer/image-spec";
import { byteString, displayText } from "@bootlayer/rootfs-tree";
import { findProgram, splitSearchPath, type ProgramSearch } from "./doctor/find-program.ts";
import { GuestError } from "./errors.ts";
import type { ProcessOverrides } from "./guest-config.ts";
import type { ReadImageFile } from "./image-file.ts";
import type { RunProgram } from "./init-conf.ts";
import type { InjectedTree } from "./injected-tree.ts";
import { resolveUser } from "./passwd.ts";
import {
  argvStrings,
  environmentStrings,
  processUnset,
  resourceLimits,
  stopTimeout,
  type ComposedProcess,
} from "./process.ts";
import { parseSignal } from "./stop-signal.ts";

const defaultStopSignal = 15;

/**
 * A composed process with everything resolved in the tree.
 *
 * @throws {GuestError} GUEST_PROCESS, GUEST_ENTRYPOINT, GUEST_USER, GUEST_GROUP, GUEST_IMAGE.
 */
export async function planProcess(
  process: ComposedProcess,
  image: ProcessConfig,
  over: ProcessOverrides,
  tree: InjectedTree,
  readFile: ReadImageFile,
): Promise<{ readonly program: RunProgram; readonly warnings: readonly string[] }> {
  const { workingDirectory } = process;
  const [name] = process.argv;
  if (name === undefined) throw processUnset();
  checkProgram("the image's program", name, process, tree);
  checkWorkingDirectory(workingDirectory, tree);
  const user = resolveUser(
    process.user,
    await readFile(byteString("/etc/passwd")),
    await readFile(byteString("/etc/group")),
  );
  const asked = over.stopSignal ?? image.StopSignal ?? "";
  const stopSignal = asked === "" ? defaultStopSignal : parseSignal(asked);
  const warnings =
    stopSignal === undefined
      ? [`the image's StopSignal ${JSON.stringify(asked)} is no signal; SIGTERM is taken, as Docker does`]
      : [];
  const program: RunProgram = {
    kind: "program",
    argv: argvStrings(process),
    env: environmentStrings(process.env, user.home),
    cwd: byteString(workingDirectory),
    uid: user.uid,
    gid: user.gid,
    groups: user.groups,
    limits: resourceLimits(over),
    terminal: over.terminal ?? false,
    stdin: over.stdin ?? false,
    stopSignal: stopSignal ?? defaultStopSignal,
    stopTimeoutSeconds: stopTimeout(over),
  };
  return { program, warnings };
}

/**
 * Whether the tree has a program, with an execute bit of anyone's: who may execute it is the doctor's to say.
 *
 * @param what - whose program it is, for messages.
 * @throws {GuestError} GUEST_ENTRYPOINT.
 */
export function checkProgram(
  what: string,
  name: string,
  { env, workingDirectory }: Pick<ComposedProcess, "env" | "workingDirectory">,
  tree: InjectedTree,
): void {
  const path = env.get("PATH") ?? "";
  const answer = findProgram(byteString(name), {
    root: tree.root,
    path: splitSearchPath(path),
    workingDirectory: byteString(workingDirectory),
    uid: 0,
    gids: [],
  });
  if (answer.kind === "found") return;
  const place = name.includes("/")
    ? name.startsWith("/")
      ? ""
      : ` in ${workingDirectory}`
    : ` in PATH ${path}`;
  throw new GuestError(
    "GUEST_ENTRYPOINT",
    `${what} ${JSON.stringify(name)} ${reason(answer, place)}`,
    "name a program that the image has: --entrypoint, or put it in: --inject",
  );
}

function reason(answer: Exclude<ProgramSearch, { kind: "found" }>, place: string): string {
  switch (answer.kind) {
    case "missing":
      return `does not exist${place}`;
    case "not-a-file":
      return `is a ${answer.what} (${displayText(answer.path)})`;
    case "not-executable":
      return `is not executable (${displayText(answer.path)} has mode ${answer.mode.toString(8).padStart(4, "0")})`;
    case "loop":
      return "leads through symlinks that point at each other";
  }
}

function checkWorkingDirectory(directory: string, tree: InjectedTree): void {
  const answer = tree.follow(byteString(directory));
  if (answer.kind === "missing" || (answer.kind === "found" && answer.node.kind === "directory")) return;
  throw new GuestError(
    "GUEST_PROCESS",
    `the working directory ${JSON.stringify(directory)} is no directory, or lies in none`,
    "name a directory: --workdir",
  );
}
