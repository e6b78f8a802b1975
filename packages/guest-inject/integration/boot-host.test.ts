import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { accessSync, constants } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { BootEvent } from "../src/boot/boot-options.ts";
import { bootWithQemu } from "../src/boot/boot-with-qemu.ts";
import { findQemu } from "../src/boot/find-qemu.ts";
import type { LaunchMachine } from "../src/launch/machine.ts";
import { bootJudge, fakeProgram, machineOf, processesWith } from "./boot-fixtures.ts";
import { scratchDirectory } from "./init-guest.ts";
import { smallInitrd } from "./small-initrd.ts";

const timeout = 120_000;
const qemu = "qemu-system-x86_64";

/** The device decides whether KVM is tried at all, so without it there is nothing to fall back from. */
function whyNoKvm(): string {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return process.arch === "x64" ? "" : " [skipped: needs an amd64 host]";
  } catch {
    return " [skipped: needs /dev/kvm, working or not]";
  }
}
const withoutKvm = whyNoKvm();

let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
beforeAll(async () => {
  scratch = await scratchDirectory();
});
afterAll(() => scratch[Symbol.asyncDispose]());
afterEach(() => vi.unstubAllEnvs());

/** Puts a script under QEMU's name before all else on PATH. */
async function stubQemu(script: string): Promise<string> {
  const bin = await fakeProgram(join(scratch.path, randomUUID()), qemu, script);
  vi.stubEnv("PATH", `${bin}:${process.env["PATH"]}`);
  return bin;
}

/** Passes for a kernel by its first bytes; a QEMU that is not real looks no further. */
async function anyKernel(): Promise<string> {
  const path = join(scratch.path, "kernel");
  await writeFile(path, "\x7fELF");
  return path;
}

/** Where a stub writes its process id; 0 until it is there. */
function pidFile(): { readonly path: string; read(): Promise<number> } {
  const path = join(scratch.path, randomUUID());
  const read = async (): Promise<number> => Number(await readFile(path, "utf8").catch(() => "0"));
  return { path, read };
}

/** A process that has ended has no arguments, even where nobody has asked for its exit code. */
async function runs(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")) !== "";
}

describe("QEMU on PATH", () => {
  test("that is not there is GUEST_QEMU_MISSING, with how to install it", async () => {
    vi.stubEnv("PATH", join(scratch.path, "nowhere"));
    const machine = { ...machineOf("initrd"), kernel: await anyKernel() };
    await expect(bootWithQemu({ machine })).rejects.toMatchObject({
      code: "GUEST_QEMU_MISSING",
      hint: expect.stringContaining("apt install qemu-system-x86") as string,
    });
    await expect(bootWithQemu({ machine: { ...machine, architecture: "arm64" } })).rejects.toMatchObject({
      code: "GUEST_QEMU_MISSING",
      message: "qemu-system-aarch64 is not on PATH",
    });
  });

  test("that cannot be executed is GUEST_QEMU_MISSING too", async () => {
    const bin = await stubQemu("");
    await writeFile(join(bin, qemu), "#!/no/such/interpreter\n");
    const machine = { ...machineOf("initrd"), kernel: await anyKernel() };
    await expect(bootWithQemu({ machine, accelerator: "tcg" })).rejects.toMatchObject({
      code: "GUEST_QEMU_MISSING",
      message: `${join(bin, qemu)} cannot be executed`,
    });
  });

  test("that does not get to its socket leaves what has that name", async () => {
    await stubQemu("exit 1");
    const socket = join(scratch.path, "no socket");
    await writeFile(socket, "somebody's");
    const agent = { kind: "serial", name: "bootlayer.agent", socket } as const;
    const machine = { ...machineOf("initrd"), kernel: await anyKernel(), agent };
    const booting = bootWithQemu({ machine, accelerator: "tcg", timeoutSeconds: 2 ** 40 });
    await expect(booting).rejects.toMatchObject({ code: "GUEST_BOOT_FAILED" });
    expect(await readFile(socket, "utf8")).toBe("somebody's");
  });
});

/** Does one thing if KVM is asked for, and another if not. */
function kvmOr(kvm: string, otherwise: string): string {
  return `case " $* " in *" -accel kvm "*) ${kvm} ;; esac\n${otherwise}`;
}
const fakeTcg = "echo 'bootlayer: exit 3'";

/** What is told of a boot that comes to its end under TCG, but for its console. */
async function bootAuto(initrd: string, kernel?: string): Promise<readonly BootEvent[]> {
  const events: BootEvent[] = [];
  const outcome = await bootWithQemu({
    machine: { ...machineOf(initrd), ...(kernel !== undefined && { kernel }) },
    kvmPatienceSeconds: 0.5,
    onEvent: (event) => events.push(event),
  });
  expect(outcome).toMatchObject({ accelerator: "tcg", exitCode: 3 });
  return events.filter(({ kind }) => kind !== "boot-console" && kind !== "boot-mark");
}

describe.skipIf(withoutKvm !== "")(`KVM${withoutKvm}`, { timeout }, () => {
  test.skipIf(bootJudge.skip)(`that hangs is given up for TCG${bootJudge.reason}`, async () => {
    const pid = pidFile();
    const initrd = await smallInitrd(scratch.path);
    const real = await findQemu("amd64");
    await stubQemu(kvmOr(`echo $$ > ${pid.path}; exec sleep 1000`, `exec ${real} "$@"`));
    expect(await bootAuto(initrd)).toMatchObject([
      { kind: "boot-started", accelerator: "kvm" },
      {
        kind: "boot-kvm-given-up",
        reason: "nothing came over the console for 1.5 seconds, and no guest was run",
      },
      { kind: "boot-started", accelerator: "tcg" },
    ]);
    expect(await pid.read()).toBeGreaterThan(0);
    expect(await runs(await pid.read())).toBe(false);
  });

  test("that spins is given up too", async () => {
    await stubQemu(kvmOr("while :; do :; done", fakeTcg));
    const [, givenUp] = await bootAuto("initrd", await anyKernel());
    expect(givenUp).toEqual({
      kind: "boot-kvm-given-up",
      // A machine with more to do than this test may not give it a processor for so long.
      reason: expect.stringMatching(/for (0\.5|1\.5) seconds, and no guest was run$/) as string,
    });
  });

  test("that fails is given up with QEMU's reason", async () => {
    await stubQemu(kvmOr("echo 'Could not access KVM kernel module: no' >&2; exit 1", fakeTcg));
    expect(await bootAuto("initrd", await anyKernel())).toMatchObject([
      { kind: "boot-started", accelerator: "kvm" },
      { kind: "boot-kvm-given-up", reason: "Could not access KVM kernel module: no" },
      { kind: "boot-started", accelerator: "tcg" },
    ]);
  });

  test("that QEMU dies of is given up with the signal", async () => {
    await stubQemu(kvmOr("kill -ABRT $$", fakeTcg));
    const [, givenUp] = await bootAuto("initrd", await anyKernel());
    expect(givenUp).toEqual({ kind: "boot-kvm-given-up", reason: "QEMU ended with signal SIGABRT" });
  });

  test("that is asked for by name is never given up", async () => {
    await stubQemu("exit 1");
    const machine = { ...machineOf("initrd"), kernel: await anyKernel() };
    await expect(bootWithQemu({ machine, accelerator: "kvm" })).rejects.toMatchObject({
      code: "GUEST_BOOT_FAILED",
    });
  });

  test("that hangs counts in the time that a boot may take", async () => {
    await stubQemu("exec sleep 1000");
    const machine = { ...machineOf("initrd"), kernel: await anyKernel() };
    const boot = bootWithQemu({ machine, kvmPatienceSeconds: 0.2, timeoutSeconds: 1 });
    await expect(boot).rejects.toMatchObject({
      code: "GUEST_BOOT_TIMEOUT",
      message: "the guest still ran after 1 seconds; nothing came over its console",
    });
  });
});

test("a time that is over before QEMU runs is a time-out, and no timer's concern", { timeout }, async () => {
  await stubQemu("exec sleep 1000");
  const warning = vi.spyOn(process, "emitWarning");
  const machine = { ...machineOf("initrd"), kernel: await anyKernel() };
  const boot = bootWithQemu({ machine, accelerator: "tcg", timeoutSeconds: 1e-6 });
  await expect(boot).rejects.toMatchObject({ code: "GUEST_BOOT_TIMEOUT" });
  expect(warning).not.toHaveBeenCalled();
});

describe("a caller that is killed", { timeout }, () => {
  const caller = join(import.meta.dirname, "programs", "boot-caller.ts");

  /** Boots in a process of its own, which gets a signal once QEMU runs. Waits until QEMU is gone, and returns its process id. */
  async function killCaller(
    signal: NodeJS.Signals,
    machine: LaunchMachine,
    qemuPid: (caller: number) => Promise<number>,
  ): Promise<number> {
    const parameters = ["--conditions=@bootlayer/source", caller, JSON.stringify(machine)];
    const child = spawn(process.execPath, parameters, { stdio: ["ignore", "ignore", "inherit"] });
    const ended = new Promise<NodeJS.Signals | null>((resolve) =>
      child.once("close", (_, received) => resolve(received)),
    );
    const pid = await vi.waitUntil(async () => await qemuPid(child.pid ?? 0), { timeout: 60_000 });
    expect(await runs(pid)).toBe(true);
    child.kill(signal);
    expect(await ended).toBe(signal);
    await vi.waitUntil(async () => !(await runs(pid)), { timeout: 30_000 });
    return pid;
  }

  test.skipIf(bootJudge.skip)(`leaves no QEMU behind${bootJudge.reason}`, async () => {
    const mark = `bootlayer-test=${randomUUID()}`;
    const machine = machineOf(await smallInitrd(scratch.path), "small=sleep", mark);
    const killed = await killCaller("SIGKILL", machine, async (callerPid) => {
      const pids = await processesWith(mark);
      return pids.find((pid) => pid !== callerPid) ?? 0;
    });
    expect(await runs(killed)).toBe(false);
  });

  test("leaves none behind that ignores all other signals", async () => {
    const pid = pidFile();
    await stubQemu(`trap "" HUP INT QUIT TERM; echo $$ > ${pid.path}; exec sleep 1000`);
    const machine = { ...machineOf("initrd"), kernel: await anyKernel() };
    const killed = await killCaller("SIGTERM", machine, () => pid.read());
    expect(await runs(killed)).toBe(false);
  });
});
