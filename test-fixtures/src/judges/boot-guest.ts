import { spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { judgePath } from "../require-judge.ts";
import { watchConsole, type GuestConsole } from "./guest-console.ts";
import { qemuArguments, type GuestMachine } from "./qemu-arguments.ts";

export interface GuestOptions extends GuestMachine {
  /** For all from start to end. Default: 120. */
  readonly timeoutSeconds?: number;
}

/** A running guest. `await using guest = await bootGuest(...)` ends it with the block. */
export interface Guest extends AsyncDisposable {
  /** All that came over the serial console so far. */
  text(): string;
  /**
   * Resolves when the console's text so far matches.
   *
   * @throws {Error} with all the text, if the guest ends before, or its time does.
   */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** Types into the serial console. */
  type(text: string): void;
  /**
   * Resolves when the guest has switched itself off (or rebooted, or panicked: look at the text) with all its text.
   *
   * @throws {Error} with all the text, if its time is up, or QEMU fails.
   */
  end(): Promise<string>;
  /** The port of 127.0.0.1 that leads to a port of the guest. */
  hostPort(guestPort: number): number;
  /** As pulling the plug. */
  kill(): Promise<void>;
}

/**
 * Boots a guest in QEMU by emulation (no KVM wanted), with a serial console and, as asked, disks, QEMU's user network
 * (the guest is 10.0.2.15 by DHCP or by its own doing, the gateway 10.0.2.2, the name server 10.0.2.3) and an agent's port.
 */
export async function bootGuest(options: GuestOptions): Promise<Guest> {
  const qemu = spawn("qemu-system-x86_64", qemuArguments(options), {
    env: { PATH: judgePath() },
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
  const console = watchConsole([qemu.stdout, qemu.stderr]);
  let isLate = false;
  const timer = setTimeout(
    () => {
      isLate = true;
      qemu.kill("SIGKILL");
    },
    (options.timeoutSeconds ?? 120) * 1000,
  );
  const ended = new Promise<number | null>((resolve) => {
    qemu.once("error", (cause) => {
      console.end(cause);
      resolve(null);
    });
    qemu.once("close", (code) => {
      clearTimeout(timer);
      console.end(new Error(isLate ? "the guest took too long" : "the guest ended"));
      resolve(code);
    });
  });
  // Whoever types into a guest that is gone learns it from the console.
  qemu.stdin.on("error", () => {});
  const monitor = qemu.stdio[3] as Duplex;
  monitor.on("error", () => {});

  async function kill(): Promise<void> {
    qemu.kill("SIGKILL");
    await ended;
  }

  async function end(): Promise<string> {
    if ((await ended) === 0) return console.text();
    const why = isLate ? "the guest took too long" : "QEMU failed";
    throw new Error(`${why}; the console:\n${console.text()}`);
  }

  const hostPorts = await readHostPorts(monitor, console, options.ports ?? []).catch(
    async (error: unknown) => {
      await kill();
      throw error;
    },
  );
  return {
    text: console.text,
    until: console.until,
    type: (text) => qemu.stdin.write(text),
    end,
    hostPort: (guestPort) => {
      const port = hostPorts.get(guestPort);
      if (port === undefined) throw new Error(`port ${guestPort} of the guest is not forwarded`);
      return port;
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

/** Asks QEMU's monitor on which ports it listens. */
async function readHostPorts(
  monitor: Duplex,
  console: GuestConsole,
  guestPorts: readonly number[],
): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  if (guestPorts.length === 0) return found;
  const answers = watchConsole([monitor]);
  // A QEMU that refuses its arguments says why on the console and closes the monitor.
  monitor.once("close", () => {
    answers.end(new Error(`QEMU did not start: ${console.text()}`));
  });
  monitor.write("info usernet\n");
  for (const guestPort of guestPorts) {
    const row = new RegExp(
      String.raw`TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+${guestPort}\s`,
    );
    const [, hostPort] = await answers.until(row);
    found.set(guestPort, Number(hostPort));
  }
  return found;
}
