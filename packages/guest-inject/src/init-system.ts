import { byteString, type ByteString, type DirectoryNode } from "@bootlayer/rootfs-tree";
import { findProgram, follow, type ProgramContext } from "./doctor/find-program.ts";
import { pathBelow } from "./paths.ts";

/** An init of the image's own, and where it is executed: symlinks are left, since some inits go by their names. */
export interface ForeignInit {
  readonly system: "systemd" | "openrc";
  /** Absolute. */
  readonly path: ByteString;
}

export interface InitSystemContext {
  readonly root: DirectoryNode;
  /** What a container of the image would execute; undefined if it names nothing. */
  readonly program: string | undefined;
  /** To look `program` up. */
  readonly search: Pick<ProgramContext, "path" | "workingDirectory">;
  readonly readFile: (path: ByteString) => Promise<Uint8Array | undefined>;
}

/** Where distributions put the init that a kernel would start by itself. */
const usualInit = "/sbin/init";
const usualPaths = {
  systemd: [usualInit, "/usr/sbin/init", "/usr/lib/systemd/systemd", "/lib/systemd/systemd"],
  openrc: [usualInit, "/sbin/openrc-init", "/usr/sbin/init", "/usr/bin/openrc-init"],
} as const;

/**
 * The init system that an image means to run: its program is systemd or OpenRC's init, or it names no program and has one of them
 * at /sbin/init. Undefined for all other images, which get the init of this package.
 */
export async function recogniseInit(context: InitSystemContext): Promise<ForeignInit | undefined> {
  return await initAt(context.program ?? usualInit, context);
}

/** The init of a system that was asked for, wherever distributions put it; undefined if the image does not have it. */
export async function findInit(
  system: ForeignInit["system"],
  context: InitSystemContext,
): Promise<ForeignInit | undefined> {
  const own = context.program === undefined ? [] : [context.program];
  for (const path of [...own, ...usualPaths[system]]) {
    const found = await initAt(path, context);
    if (found?.system === system) return found;
  }
  return undefined;
}

async function initAt(program: string, context: InitSystemContext): Promise<ForeignInit | undefined> {
  const { root, search } = context;
  const path = absolutePaths(byteString(program), search).find(
    (candidate) => findProgram(candidate, { ...search, root, uid: 0, gids: [] }).kind === "found",
  );
  if (path === undefined) return undefined;
  const found = follow(path, { ...search, root });
  if (found?.kind !== "found") return undefined;
  if (/(?:^|\/)lib\/systemd\/systemd$/.test(found.path)) return { system: "systemd", path };
  if (/(?:^|\/)openrc-init$/.test(found.path)) return { system: "openrc", path };
  // Alpine's: busybox under the name of init, whose inittab calls openrc.
  const isInit = /(?:^|\/)init$/.test(program);
  return isInit && (await inittabCallsOpenrc(context)) ? { system: "openrc", path } : undefined;
}

/** Where a program may lie, its symlinks not followed. */
function absolutePaths(
  program: ByteString,
  { path, workingDirectory }: InitSystemContext["search"],
): ByteString[] {
  if (program.startsWith("/")) return [program];
  const directories = program.includes("/") ? [workingDirectory] : path;
  return directories.map((directory) =>
    pathBelow(directory.startsWith("/") ? directory : pathBelow(workingDirectory, directory), program),
  );
}

async function inittabCallsOpenrc({ root, readFile }: InitSystemContext): Promise<boolean> {
  const runlevels = follow(byteString("/etc/runlevels"), { root, workingDirectory: byteString("/") });
  if (runlevels?.kind !== "found" || runlevels.node.kind !== "directory") return false;
  const inittab = await readFile(byteString("/etc/inittab"));
  return inittab !== undefined && /^[^#\n]*\bopenrc\b/m.test(Buffer.from(inittab).toString("latin1"));
}
