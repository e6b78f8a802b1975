import type { ProcessConfig } from "@bootlayer/image-spec";
import { byteString, type ByteString } from "@bootlayer/rootfs-tree";
import { defaultPath } from "./doctor/find-program.ts";
import { GuestError } from "./errors.ts";
import type { ProcessOverrides } from "./guest-config.ts";
import type { RunProgram } from "./init-conf.ts";
import { pathBelow } from "./paths.ts";

/** What a container of the image would run, before anything is looked up in its tree. */
export interface ComposedProcess {
  /** Empty if neither the image nor anyone else names a program. */
  readonly argv: readonly string[];
  /** `NAME=VALUE`, each name once, HOME only if the image or the user sets it. */
  readonly env: ReadonlyMap<string, string>;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly user: string;
}

/** How long a program may take to stop, as Docker has it. */
const defaultStopTimeoutSeconds = 10;

/**
 * Puts an image's process and what is asked of it together, as Docker does (image-spec config.md, "config"; `docker run`): an
 * Entrypoint that is given drops the image's Cmd; an empty one (or `[""]`) takes the Entrypoint away; variables that are given
 * replace the image's of the same name, and those replace PATH, HOSTNAME and, where there is a terminal, TERM.
 */
export function composeProcess(
  image: ProcessConfig,
  over: ProcessOverrides,
  hostname: string,
): ComposedProcess {
  const cmd = over.cmd ?? (over.entrypoint === undefined ? image.Cmd : undefined) ?? [];
  const entrypoint = over.entrypoint ?? image.Entrypoint ?? [];
  const directory = over.workingDirectory ?? image.WorkingDir ?? "";
  return {
    argv: [...(entrypoint.length === 1 && entrypoint[0] === "" ? [] : entrypoint), ...cmd],
    env: composeEnvironment(image.Env ?? [], over, hostname),
    workingDirectory: directory.startsWith("/") ? directory : `/${directory}`,
    user: over.user ?? image.User ?? "",
  };
}

function composeEnvironment(
  image: readonly string[],
  { env, terminal }: ProcessOverrides,
  hostname: string,
): ReadonlyMap<string, string> {
  const variables = new Map([
    ["PATH", defaultPath],
    ["HOSTNAME", hostname],
  ]);
  if (terminal === true) variables.set("TERM", "xterm");
  for (const variable of image) {
    const equals = variable.indexOf("=");
    // Without a value, Docker takes a variable away; without a name it is none.
    if (equals === -1) variables.delete(variable);
    else if (equals > 0) variables.set(variable.slice(0, equals), variable.slice(equals + 1));
  }
  for (const [name, value] of Object.entries(env ?? {})) variables.set(name, value);
  return variables;
}

/** The environment as execve(2) takes it. HOME is the user's where nobody has set it, or to nothing, as runc has it. */
export function environmentStrings(env: ReadonlyMap<string, string>, home: ByteString): ByteString[] {
  const strings = [...env].map(([name, value]) => byteString(`${name}=${value}`));
  if ((env.get("HOME") ?? "") !== "") return strings;
  return [...strings.filter((variable) => variable !== "HOME="), `HOME=${home}` as ByteString];
}

/**
 * The argv of init.conf. What is executed and what the program sees as argv[0] is one and the same there, as with `docker run`:
 * an absolute path and a bare name (looked up in PATH by the init) stay as their author wrote them. A relative path with a slash
 * cannot: it becomes absolute, from the working directory.
 */
export function argvStrings({ argv, workingDirectory }: ComposedProcess): ByteString[] {
  return argv
    .map(byteString)
    .map((argument, index) =>
      index === 0 && argument.includes("/") && !argument.startsWith("/")
        ? pathBelow(byteString(workingDirectory), argument)
        : argument,
    );
}

/** rlimits as init.conf has them: one value stands for both. */
export function resourceLimits({ limits = {} }: ProcessOverrides): RunProgram["limits"] {
  return Object.entries(limits).map(([name, value]) => {
    const [soft, hard] = typeof value === "object" ? value : [value, value];
    return { name, soft, hard };
  });
}

export function stopTimeout({ stopTimeoutSeconds = defaultStopTimeoutSeconds }: ProcessOverrides): number {
  return stopTimeoutSeconds;
}

export function processUnset(): GuestError {
  return new GuestError(
    "GUEST_PROCESS",
    "the image has neither Entrypoint nor Cmd, so there is nothing to run",
    "name a program: --entrypoint",
  );
}
