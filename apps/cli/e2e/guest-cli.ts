import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import {
  cloudKernel,
  e2fsck,
  GUEST_IMAGE_TOOLS,
  guestImage,
  requireJudge,
  type GuestImageName,
} from "@bootlayer/test-fixtures";
import { expect } from "vitest";
import { buildCli, runCli, withDirectory, type CliRun } from "./run-cli.ts";

/** What every boot of these tests needs. */
export const guestTools: readonly string[] = [...GUEST_IMAGE_TOOLS, "qemu-system-x86_64", "e2fsck"];
export const bootJudge: { readonly skip: boolean; readonly reason: string } = requireJudge(...guestTools);

/** In milliseconds. A loaded machine is several times slower than a quiet one, and the first run makes the image too. */
export const bootTimeout = 360_000;

export interface CliGuest {
  readonly image: GuestImageName;
  /** For `build`, beside `--init`. */
  readonly build?: readonly string[];
  /** For `boot`. */
  readonly boot?: readonly string[];
  /** Ports of the guest that the host wants to reach; the guest gets its address by DHCP. */
  readonly ports?: readonly number[];
  /** Whether an agent serves a virtio-serial port, for `exec`. */
  readonly agent?: boolean;
  /** While it runs. Whatever it throws ends the guest. */
  readonly meanwhile?: (guest: RunningGuest) => Promise<void>;
}

export interface RunningGuest {
  readonly until: WaitForConsole;
  /** The port of 127.0.0.1 that leads to a port of the guest. */
  readonly hostPort: (guestPort: number) => number;
  /** What `bootlayer exec` says of a program that root runs in the guest. */
  readonly exec: (...argv: readonly string[]) => Promise<CliRun>;
  /** Asks the init for an end, as Ctrl-Alt-Del does; for images with a shell. */
  readonly stop: () => Promise<void>;
}

/** Resolves when the console's text so far matches; rejected with that text if the guest ends before. */
export type WaitForConsole = (pattern: RegExp) => Promise<void>;

/** How `boot` ended. */
export interface GuestRun {
  readonly exitCode: number;
  /** The object of `--json`. */
  readonly outcome: {
    readonly exitCode?: number;
    readonly signal?: number;
    readonly outOfMemory: boolean;
    readonly startSeconds?: number;
    readonly warnings: readonly string[];
  };
  /** The console's text, with `\n` at the ends of lines. */
  readonly console: string;
}

/** Builds a disk with a guest, boots it, and looks that the disk is clean when the guest has powered itself off. */
export async function runGuest(guest: CliGuest): Promise<GuestRun> {
  const { image, build = [], boot = [], ports = [], agent = false, meanwhile } = guest;
  const [{ reference }, { modules }] = await Promise.all([guestImage(image), cloudKernel()]);
  return await withDirectory(async (directory) => {
    const [disk, socket] = [join(directory, "disk"), join(directory, "agent.sock")];
    const hostPorts = new Map<number, number>();
    for (const port of ports) hostPorts.set(port, await freePort());
    // What Debian's cloud kernel does not have built in.
    const drivers = [...(ports.length > 0 ? ["virtio_net"] : []), ...(agent ? ["virtio_console"] : [])];
    const loads = drivers.flatMap((name) => ["--load", name]);
    if (loads.length > 0) loads.unshift("--modules", modules);
    const both = [
      ...(ports.length > 0 ? ["--network", "dhcp"] : []),
      ...(agent ? ["--agent", "serial"] : []),
    ];
    const built = await buildCli({
      source: reference,
      output: disk,
      store: join(directory, "store"),
      flags: ["--init", "--no-cache", "--progress", "none", ...loads, ...both, ...build],
    });
    expect(built).toMatchObject({ exitCode: 0 });

    const forwards = [...hostPorts].flatMap(([inside, outside]) => ["--forward", `${outside}:${inside}`]);
    const exec: RunningGuest["exec"] = (...argv) =>
      runCli(["exec", `unix:${socket}`, "--timeout", "240", "--user", "0", "--", ...argv]);
    const run = await bootCli(
      [disk, "--agent-socket", socket, ...forwards, ...both, ...boot],
      async (until) =>
        await meanwhile?.({
          until,
          hostPort: (guestPort) => hostPorts.get(guestPort) ?? 0,
          exec,
          async stop() {
            expect(await exec("/bin/sh", "-c", "kill -INT 1")).toMatchObject({ exitCode: 0 });
          },
        }),
    );
    await e2fsck(disk);
    if (run.outcome.startSeconds !== undefined)
      process.stdout.write(`${image}: entrypoint ${run.outcome.startSeconds} s after the kernel's start\n`);
    return run;
  });
}

/** Boots a disk, and keeps what the guest writes, under Debian's cloud kernel by emulation, which works everywhere. */
export async function bootCli(
  arguments_: readonly string[],
  meanwhile: (until: WaitForConsole) => Promise<void> = async () => {},
): Promise<GuestRun> {
  const { kernel } = await cloudKernel();
  const fixed = ["--kernel", kernel, "--keep-writes", "--json", "--accelerator", "tcg"];
  let console = "";
  let end: (() => void) | undefined;
  let check: (() => void) | undefined;
  const running = runCli(["boot", ...fixed, ...arguments_], {
    onStderr(text, kill) {
      console = text.replaceAll("\r", "");
      end = () => kill("SIGTERM");
      check?.();
    },
  });

  async function until(pattern: RegExp): Promise<void> {
    const { promise: matched, resolve } = Promise.withResolvers<void>();
    check = () => {
      if (pattern.test(console)) resolve();
    };
    check();
    const ended = running.then(() => {
      throw new Error(`the guest ended before ${pattern}; the console:\n${console}`);
    });
    await Promise.race([matched, ended]);
  }

  const beside = meanwhile(until).catch(async (error: unknown) => {
    end?.();
    await running;
    throw error;
  });
  const [{ exitCode, stdout, stderr }] = await Promise.all([running, beside]);
  if (stdout === "") throw new Error(`boot ended with ${exitCode}:\n${stderr}`);
  return { exitCode, outcome: JSON.parse(stdout) as GuestRun["outcome"], console };
}

/** Free a moment ago; the CLI takes numbers alone. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
