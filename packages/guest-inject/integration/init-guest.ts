import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { bootGuest, cloudKernel, judgePath, modulePaths, type GuestMachine } from "@bootlayer/test-fixtures";

const run = promisify(execFile);
const packageDirectory = join(import.meta.dirname, "..");
const initBinary = join(packageDirectory, "init", "bootlayer-init-amd64");

/** A file of a guest: its text; a file of the host, or a text, that is executable; a symbolic link; a directory. */
export type GuestFile =
  | string
  | { readonly host: string }
  | { readonly program: string }
  | { readonly link: string }
  | { readonly directory: true };

export interface Guest {
  /** Records of init.conf after its first line, or the whole file's text where it starts with `raw:`. */
  readonly conf: string;
  readonly files?: Readonly<Record<string, GuestFile>>;
}

/** A directory that is gone when the test is over: `await using`. */
export async function scratchDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "bootlayer-init-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Compiles `init-programs/NAME.c` for a guest without any library. */
export async function buildProgram(directory: string, name: string): Promise<string> {
  const program = join(directory, name);
  const source = join(import.meta.dirname, "init-programs", `${name}.c`);
  await run("musl-gcc", ["-static", "-Os", "-D_GNU_SOURCE", "-o", program, source]);
  return program;
}

/** Writes the tree of an image that our init starts: as `/init`, for an initrd. */
export async function writeTree(directory: string, { conf, files = {} }: Guest): Promise<string> {
  const text = conf.startsWith("raw:") ? conf.slice("raw:".length) : `bootlayer-init 1\n${conf}\n`;
  return await writeFiles(directory, {
    init: { host: initBinary },
    "etc/bootlayer/init.conf": text,
    ...files,
  });
}

/** Modes are those of most images, whatever the umask here is. */
export async function writeFiles(
  directory: string,
  files: Readonly<Record<string, GuestFile>>,
): Promise<string> {
  await makeDirectory(directory, ".");
  for (const [path, file] of Object.entries(files)) {
    const isDirectory = typeof file !== "string" && "directory" in file;
    await makeDirectory(directory, isDirectory ? path : dirname(path));
    if (!isDirectory) await writeGuestFile(join(directory, path), file);
  }
  return directory;
}

async function makeDirectory(root: string, path: string): Promise<void> {
  await mkdir(join(root, path), { recursive: true });
  for (let part = path; part !== "."; part = dirname(part)) await chmod(join(root, part), 0o755);
}

async function writeGuestFile(
  target: string,
  file: Exclude<GuestFile, { readonly directory: true }>,
): Promise<void> {
  if (typeof file !== "string" && "link" in file) return await symlink(file.link, target);
  if (typeof file === "string") await writeFile(target, file);
  else if ("program" in file) await writeFile(target, file.program);
  else await copyFile(file.host, target);
  await chmod(target, typeof file === "string" ? 0o644 : 0o755);
}

/** An initrd of a tree, by cpio(1). */
export async function packInitrd(tree: string): Promise<string> {
  const archive = `${tree}.cpio`;
  await run("sh", ["-c", `find . | cpio --quiet -o -H newc -R 0:0 > "$1"`, "sh", archive], { cwd: tree });
  return archive;
}

/** A disk of a tree, by mke2fs(8). */
export async function packDisk(
  tree: string,
  options: { readonly label?: string; readonly uuid?: string } = {},
): Promise<string> {
  const disk = `${tree}.ext4`;
  const { label = "", uuid = "random" } = options;
  const names = ["-L", label, "-U", uuid];
  await run("mke2fs", ["-q", "-t", "ext4", "-E", "root_owner=0:0", ...names, "-d", tree, disk, "24m"], {
    env: { PATH: judgePath() },
  });
  return disk;
}

/** A static busybox as /bin/busybox, and the shell as /bin/sh. */
export const BUSYBOX: Readonly<Record<string, GuestFile>> = {
  "bin/busybox": { host: "/bin/busybox" },
  "bin/sh": { link: "busybox" },
};

/** Records that run a script with busybox. */
export function shellConf(script: string): string {
  return `argv /bin/busybox\nargv sh\nargv -c\nargv ${field(script)}\nenv PATH=/bin`;
}

/** A field of init.conf. */
export function field(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      byte > 0x20 && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : hexEscape(byte),
    )
    .join("");
}

function hexEscape(byte: number): string {
  return String.raw`\x${byte.toString(16).padStart(2, "0")}`;
}

/** Modules of Debian's cloud kernel as files of a guest, and the records that load them, in this order. */
export async function guestModules(
  ...modules: readonly string[]
): Promise<{ readonly files: Record<string, GuestFile>; readonly conf: string }> {
  const entries = modulePaths(await cloudKernel(), modules).map(
    (path) => [`modules/${basename(path)}`, { host: path }] as const,
  );
  return { files: Object.fromEntries(entries), conf: entries.map(([path]) => `module /${path}`).join("\n") };
}

export interface Boot extends Omit<GuestMachine, "kernel" | "initrd"> {
  /** Each typed on the console once its pattern has appeared there, in order. */
  readonly input?: readonly { readonly after: RegExp; readonly text: string }[];
}

/** For suites whose tests boot a machine each: mostly it waits, so several run at once. */
export const boots = { concurrent: true, timeout: 120_000 } as const;

/** Boots a tree as initrd until it ends by itself; returns its console. */
export async function bootTree(guest: Guest, boot: Boot = {}): Promise<string> {
  await using scratch = await scratchDirectory();
  const tree = await writeTree(join(scratch.path, "tree"), guest);
  return await bootToEnd({ ...boot, initrd: await packInitrd(tree) });
}

/** Boots a machine until it ends by itself; returns its console. */
export async function bootToEnd(boot: Boot & { readonly initrd?: string }): Promise<string> {
  const { input = [], append = "", ...machine } = boot;
  const { kernel } = await cloudKernel();
  await using guest = await bootGuest({
    memoryMebibytes: 192,
    ...machine,
    kernel,
    append: `quiet ${append}`,
  });
  for (const { after, text } of input) {
    await guest.until(after);
    guest.type(text);
  }
  return await guest.end();
}
