import { cloudKernel, GUEST_MODULES, modulePaths } from "@bootlayer/test-fixtures";
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { basename, join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { connectAgent } from "../src/agent/connect-agent.ts";
import type { BootEvent, BootOptions, BootOutcome } from "../src/boot/boot-options.ts";
import { bootWithQemu } from "../src/boot/boot-with-qemu.ts";
import { bootJudge, machineOf, processesWith } from "./boot-fixtures.ts";
import { BUSYBOX, packInitrd, scratchDirectory, shellConf, writeTree } from "./init-guest.ts";
import { smallInitrd } from "./small-initrd.ts";

const timeout = 120_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** What a server on the loopback says, asked again until it says something. */
async function saidAt(port: number): Promise<string> {
  for (;;) {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    let said = "";
    socket.setEncoding("utf8").on("data", (text: string) => (said += text));
    await new Promise((resolve) => socket.once("close", resolve));
    if (said !== "") return said;
    await sleep(200);
  }
}

describe.skipIf(bootJudge.skip)(`a boot under QEMU${bootJudge.reason}`, { timeout }, () => {
  let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
  let initrd: string;
  const console: Buffer[] = [];
  const events: BootEvent[] = [];
  beforeAll(async () => {
    scratch = await scratchDirectory();
    initrd = await smallInitrd(scratch.path);
  });
  afterAll(() => scratch[Symbol.asyncDispose]());
  afterEach(() => {
    vi.unstubAllEnvs();
    console.length = 0;
    events.length = 0;
  });

  function note(event: BootEvent): void {
    events.push(event);
    if (event.kind === "boot-console") console.push(Buffer.from(event.bytes));
  }

  async function boot(options: Partial<BootOptions> & Pick<BootOptions, "machine">): Promise<BootOutcome> {
    return await bootWithQemu({ accelerator: "tcg", timeoutSeconds: 100, onEvent: note, ...options });
  }

  function consoleText(): string {
    return Buffer.concat(console).toString("latin1").replaceAll("\r", "");
  }

  async function nvmeDisks(): Promise<string[]> {
    const paths = ["first", "second"].map((name) => join(scratch.path, `${name},disk.img`));
    for (const path of paths)
      await writeFile(path, `host's ${basename(path, ",disk.img")}\n`.padEnd(2 ** 20, "."));
    return paths;
  }

  test("passes on marks, console and input; drops writes, and leaves nothing behind", async () => {
    const [first = "", second = ""] = await nvmeDisks();
    const before = await Promise.all([readFile(first), readFile(second)]);
    const temporary = join(scratch.path, "temporary");
    await mkdir(temporary);
    vi.stubEnv("TMPDIR", temporary);
    const input = new PassThrough();
    const outcome = await boot({
      machine: {
        ...machineOf(initrd, "small=disks", "small=read"),
        disks: [
          { path: first, readOnly: false, bus: "nvme" },
          { path: second, readOnly: true, bus: "nvme" },
        ],
      },
      input,
      onEvent: (event) => {
        note(event);
        // What is typed before the guest has its console is lost.
        if (event.kind === "boot-mark" && event.mark.kind === "start") input.write("some words\n");
      },
    });
    expect(outcome).toEqual({
      exitCode: 3,
      signal: undefined,
      outOfMemory: false,
      startSeconds: 0.5,
      hostStartSeconds: expect.any(Number) as number,
      accelerator: "tcg",
      failure: undefined,
      warnings: ["nothing of this is real"],
    });
    expect(consoleText()).toContain("you typed: some words\n");
    expect(consoleText()).toContain("/dev/nvme0n1 is writable: host's first");
    expect(consoleText()).toContain("/dev/nvme0n2 is writable: host's second");
    expect(consoleText()).toContain("critical medium error, dev nvme0n2");
    expect(events.filter(({ kind }) => kind === "boot-mark")).toHaveLength(3);
    expect(await Promise.all([readFile(first), readFile(second)])).toEqual(before);
    expect(await readdir(temporary)).toEqual([]);
  });

  test("keeps writes that are to be kept; tells a signal; ends a guest that only halts", async () => {
    const [first = ""] = await nvmeDisks();
    const outcome = await boot({
      machine: {
        ...machineOf(initrd, "small=disks", "small=signal", "small=halt"),
        disks: [{ path: first, readOnly: false, bus: "nvme" }],
      },
      keepWrites: true,
    });
    expect(outcome).toMatchObject({ exitCode: 137, signal: 9, outOfMemory: true });
    expect((await readFile(first)).toString("latin1", 0, 16)).toBe("written by guest");
  });

  test("fails with the reason where the kernel panics", async () => {
    const booting = boot({ machine: machineOf(initrd, "small=panic") });
    await expect(booting).rejects.toMatchObject({
      code: "GUEST_BOOT_FAILED",
      message: expect.stringMatching(/panicked \(Attempted to kill init!.*bootlayer: start 0\.5/s) as string,
    });
  });

  test("reaches a guest's server through a forwarded port, and its agent through a socket", async () => {
    const modules = modulePaths(await cloudKernel(), GUEST_MODULES);
    const places = modules.map((host) => [`modules/${basename(host)}`, { host }] as const);
    const conf = places.map(([path]) => `module /${path}`).join("\n");
    const script = "while echo from the guest | nc -l -p 8080; do [ -e /tmp/asked ] && exit 0; done";
    const tree = await writeTree(join(scratch.path, "guest"), {
      conf: `${conf}\nnetwork dhcp\nagent-serial bootlayer.agent\n${shellConf(script)}`,
      files: { ...Object.fromEntries(places), ...BUSYBOX },
    });
    const hostPort = await freePort();
    const socket = join(scratch.path, "agent,socket");
    const booting = boot({
      machine: {
        ...machineOf(await packInitrd(tree)),
        network: { kind: "user", forwards: [{ hostPort, guestPort: 8080 }] },
        agent: { kind: "serial", name: "bootlayer.agent", socket },
      },
    });
    const asking = (async () => {
      await using agent = await connectAgent({ kind: "unix", path: socket }, { timeoutMilliseconds: 60_000 });
      await agent.put("/tmp/asked", Buffer.from("yes"));
      return await saidAt(hostPort);
    })();
    const [outcome, said] = await Promise.all([booting, asking]);
    expect(said).toBe("from the guest\n");
    expect(outcome).toMatchObject({ exitCode: 0, failure: undefined, warnings: [] });
    expect(outcome.startSeconds).toBeGreaterThan(0);
    expect(events).toContainEqual({
      kind: "boot-mark",
      mark: { kind: "agent", transport: "serial", address: "bootlayer.agent" },
    });
    expect(await readdir(scratch.path)).not.toContain("agent,socket");
  });

  test("that takes longer than it may is ended", async () => {
    const mark = `bootlayer-test=${randomUUID()}`;
    const booting = boot({ machine: machineOf(initrd, "small=sleep", mark), timeoutSeconds: 2 });
    await expect(booting).rejects.toMatchObject({ code: "GUEST_BOOT_TIMEOUT" });
    expect(await processesWith(mark)).toEqual([]);
  });

  test("that is aborted ends with the signal's reason, and leaves no process", async () => {
    const mark = `bootlayer-test=${randomUUID()}`;
    const controller = new AbortController();
    const reason = new Error("enough");
    const booting = boot({
      machine: machineOf(initrd, "small=sleep", mark),
      signal: controller.signal,
      onEvent: ({ kind }) => {
        if (kind === "boot-mark") controller.abort(reason);
      },
    });
    await expect(booting).rejects.toBe(reason);
    expect(await processesWith(mark)).toEqual([]);
  });

  test("whose listener throws ends with what was thrown", async () => {
    const mark = `bootlayer-test=${randomUUID()}`;
    const booting = boot({
      machine: machineOf(initrd, mark),
      onEvent: () => {
        throw new Error("no more");
      },
    });
    await expect(booting).rejects.toThrow("no more");
    expect(await processesWith(mark)).toEqual([]);
  });

  test("that QEMU refuses fails with QEMU's own words", async () => {
    const disks = [{ path: join(scratch.path, "absent"), readOnly: false }];
    await expect(boot({ machine: { ...machineOf(initrd), disks } })).rejects.toMatchObject({
      code: "GUEST_BOOT_FAILED",
      message: expect.stringMatching(/exit code 1.*absent.*No such file/s) as string,
    });
  });

  test("of a file that is no kernel does not begin", async () => {
    await expect(boot({ machine: { ...machineOf(initrd), kernel: initrd } })).rejects.toMatchObject({
      code: "GUEST_KERNEL",
    });
    expect(events).toEqual([]);
  });
});
