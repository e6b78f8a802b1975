import { execFile, spawn } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { cloudKernel, judgePath } from "@bootlayer/test-fixtures";

const run = promisify(execFile);
const packageDirectory = join(import.meta.dirname, "..");
const initBinary = join(packageDirectory, "init", "bootlayer-init-amd64");

/** A file of a guest: its text; a file of the host or a text that is executable; a symbolic link. */
export type GuestFile =
  | string
  | { readonly host: string }
  | { readonly program: string }
  | { readonly link: string };

export interface Guest {
  /** Records of init.conf after its first line, or the whole file's text where it starts with `raw:`. */
  readonly conf: string;
  readonly files?: Readonly<Record<string, GuestFile>>;
}

export interface GuestBoot {
  readonly initrd?: string;
  readonly append?: string;
  /** Raw images: the first is /dev/nvme0n1, the second /dev/nvme1n1; `virtio` ones are /dev/vda … */
  readonly disks?: readonly {
    readonly path: string;
    readonly bus?: "nvme" | "virtio";
    readonly keepWrites?: boolean;
  }[];
  /** A virtio network card with QEMU's own network behind it. */
  readonly network?: boolean;
  readonly memory?: number;
  /** Each typed on the console once its pattern has appeared there, in order. */
  readonly input?: readonly { readonly after: RegExp; readonly text: string }[];
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

/** Writes the tree of an image that our init starts: as `/init` too, for an initrd. */
export async function writeTree(directory: string, { conf, files = {} }: Guest): Promise<string> {
  const text = conf.startsWith("raw:") ? conf.slice("raw:".length) : `bootlayer-init 1\n${conf}\n`;
  const all: Record<string, GuestFile> = {
    init: { host: initBinary },
    "etc/bootlayer/init.conf": text,
    ...files,
  };
  for (const [path, file] of Object.entries(all)) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    await writeGuestFile(target, file);
  }
  return directory;
}

async function writeGuestFile(target: string, file: GuestFile): Promise<void> {
  if (typeof file === "string") return await writeFile(target, file);
  if ("link" in file) return await symlink(file.link, target);
  if ("program" in file) await writeFile(target, file.program);
  else await copyFile(file.host, target);
  await chmod(target, 0o755);
}

/** An initrd of a tree, by cpio(1). */
export async function packInitrd(tree: string): Promise<string> {
  const archive = `${tree}.cpio`;
  await run("sh", ["-c", `find . | cpio --quiet -o -H newc -R 0:0 > "$1"`, "sh", archive], { cwd: tree });
  return archive;
}

/** A static busybox as /bin/busybox, and the shell as /bin/sh. */
export const BUSYBOX: Readonly<Record<string, GuestFile>> = {
  "bin/busybox": { host: "/bin/busybox" },
  "bin/sh": { link: "busybox" },
};

/** Records that run a script with busybox. */
export function shellConf(script: string): string {
  const escaped = [...Buffer.from(script)]
    .map((byte) =>
      byte > 0x20 && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : hexEscape(byte),
    )
    .join("");
  return `argv /bin/busybox\nargv sh\nargv -c\nargv ${escaped}\nenv PATH=/bin`;
}

function hexEscape(byte: number): string {
  return String.raw`\x${byte.toString(16).padStart(2, "0")}`;
}

/** Modules of Debian's cloud kernel, by path below `kernel/`, as files of a guest; and the records that load them. */
export async function guestModules(
  ...paths: readonly string[]
): Promise<{ readonly files: Record<string, GuestFile>; readonly conf: string }> {
  const { modules } = await cloudKernel();
  const entries = paths.map(
    (path) => [`modules/${basename(path)}`, { host: join(modules, "kernel", path) }] as const,
  );
  return { files: Object.fromEntries(entries), conf: entries.map(([path]) => `module /${path}`).join("\n") };
}

export const VIRTIO_PCI = [
  "drivers/virtio/virtio_ring.ko",
  "drivers/virtio/virtio.ko",
  "drivers/virtio/virtio_pci_legacy_dev.ko",
  "drivers/virtio/virtio_pci_modern_dev.ko",
  "drivers/virtio/virtio_pci.ko",
] as const;

export const VIRTIO_NET = [
  ...VIRTIO_PCI,
  "net/core/failover.ko",
  "drivers/net/net_failover.ko",
  "drivers/net/virtio_net.ko",
] as const;

/**
 * Boots a guest by emulation until it powers itself off; returns its console without carriage returns.
 *
 * @throws {Error} with the console, if it does not end within a minute or QEMU fails.
 */
export async function bootGuest(boot: GuestBoot): Promise<string> {
  const { kernel } = await cloudKernel();
  const guest = spawn("qemu-system-x86_64", qemuArguments(kernel, boot), {
    env: { PATH: judgePath() },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let console = "";
  const input = [...(boot.input ?? [])];
  guest.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    console += chunk.replaceAll("\r", "");
    if (input[0]?.after.test(console)) guest.stdin.write(input.shift()?.text ?? "");
  });
  guest.stderr.setEncoding("utf8").on("data", (chunk: string) => (console += chunk));
  const timer = setTimeout(() => guest.kill("SIGKILL"), 60_000);
  const status = await new Promise<number | null>((resolve, reject) => {
    guest.once("error", reject);
    guest.once("close", resolve);
  });
  clearTimeout(timer);
  if (status !== 0) throw new Error(`QEMU ended with ${status ?? "a signal"}; the console:\n${console}`);
  return console;
}

function qemuArguments(kernel: string, boot: GuestBoot): string[] {
  const { initrd, append = "", disks = [], network = false, memory = 192 } = boot;
  const commandLine = `console=ttyS0 quiet panic=-1 ${append}`.trim();
  const machine = `-accel tcg -cpu max -m ${memory} -nodefaults -no-reboot -display none -serial stdio`.split(
    " ",
  );
  const drives = disks.flatMap(({ path, bus = "nvme", keepWrites = false }, index) => [
    "-drive",
    `file=${path},format=raw,if=none,id=disk${index},snapshot=${keepWrites ? "off" : "on"}`,
    "-device",
    bus === "nvme" ? `nvme,drive=disk${index},serial=bootlayer${index}` : `virtio-blk-pci,drive=disk${index}`,
  ]);
  const card = network ? ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net"] : [];
  const ram = initrd === undefined ? [] : ["-initrd", initrd];
  return [...machine, ...drives, ...card, "-kernel", kernel, ...ram, "-append", commandLine];
}
