import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { Duplex } from "node:stream";
import {
  bootGuest,
  debugfs,
  e2fsck,
  FURTHER_GUEST_MODULES,
  GUEST_MODULES,
  requireCloudKernel,
  requireJudge,
  type Guest,
} from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectAgent } from "../src/agent/connect-agent.ts";
import { openAgentSession, type GuestAgent } from "../src/agent/guest-agent.ts";
import type { ExecRequest } from "../src/agent/requests.ts";
import { exec, shell } from "./agent-calls.ts";
import { frame, readAll, refusalOf } from "./agent-fixtures.ts";
import {
  BUSYBOX,
  guestModules,
  packDisk,
  packInitrd,
  scratchDirectory,
  shellConf,
  writeTree,
} from "./init-guest.ts";

const tools = requireJudge("cpio", "busybox", "e2fsck", "debugfs", "mke2fs");
const kernel = await requireCloudKernel();
const judge = tools.skip ? tools : kernel;

const portName = "org.bootlayer.agent";
const patience = { timeoutMilliseconds: 60_000 };
const timeout = 120_000;

interface AgentGuest extends AsyncDisposable {
  readonly guest: Guest;
  readonly address: string;
  /** Where it boots from one. */
  readonly disk: string;
}

/** Boots a tree with virtio-serial and vsock in it, of an initrd or a disk. */
async function bootTree(conf: string, from: "initrd" | "disk" = "initrd"): Promise<AgentGuest> {
  const scratch = await scratchDirectory();
  const modules = await guestModules(...GUEST_MODULES, ...FURTHER_GUEST_MODULES.vsockLoopback);
  const users = {
    "etc/passwd": "keeper:x:1000:1001::/srv/keeper:/bin/sh\n",
    "etc/group": "doors:x:77:keeper\n",
  };
  const tree = await writeTree(join(scratch.path, "tree"), {
    conf: `${modules.conf}\n${conf}`,
    files: { ...BUSYBOX, ...modules.files, ...users, "srv/content": "of the image\n" },
  });
  const socket = join(scratch.path, "agent.sock");
  const disk = from === "disk" ? await packDisk(tree) : "";
  const guest = await bootGuest({
    kernel: kernel.kernel,
    memoryMebibytes: 256,
    agent: { name: portName, socket },
    ...(from === "disk"
      ? { disks: [{ path: disk, keepWrites: true }], append: "quiet root=/dev/nvme0n1 rw init=/init" }
      : { initrd: await packInitrd(tree), append: "quiet" }),
  });
  return {
    guest,
    address: `unix:${socket}`,
    disk,
    async [Symbol.asyncDispose]() {
      await guest[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** A session over vsock: the init's own relay in the guest, reached through the serial port's session. */
async function throughVsock(agent: GuestAgent, options: Omit<ExecRequest, "argv"> = {}): Promise<GuestAgent> {
  const relay = await agent.exec({ argv: ["/init", "vsock-connect", "1", "1024"], stdin: true, ...options });
  relay.stderr.resume();
  return await openAgentSession(Duplex.from({ readable: relay.stdout, writable: relay.stdin }));
}

describe.skipIf(judge.skip)(`an agent that init.conf asks for${judge.reason}`, () => {
  const script = `
    trap 'exit 6' USR1
    echo main program $(id -u):$(id -g):$(id -G)
    while true; do sleep 0.1; done`;
  let booted: AgentGuest;
  let agent: GuestAgent;

  beforeAll(async () => {
    booted = await bootTree(`${shellConf(script)}
env PLACE=main
cwd /srv
group 5
hostname doorkeeper
agent-serial ${portName}
agent-vsock 1024`);
    agent = await connectAgent(booted.address, patience);
  }, timeout);

  afterAll(async () => {
    await booted[Symbol.asyncDispose]();
  });

  test("answers on the virtio-serial port: the guest's name, kernel and running program", async () => {
    await booted.guest.until(/main program/);
    const { program, startedMilliseconds, uptimeMilliseconds, ...status } = await agent.status();
    expect(status).toMatchObject({ hostname: "doorkeeper", kernel: expect.stringContaining("cloud") });
    expect(program.state).toBe("running");
    expect(startedMilliseconds).toBeLessThanOrEqual(uptimeMilliseconds);
    const pid = program.state === "running" ? program.pid : 0;
    const { out } = await exec(agent, shell(`tr '\\0' ' ' < /proc/${pid}/cmdline`));
    expect(out).toMatch(/^\/bin\/busybox sh -c/);
    expect(booted.guest.text()).toMatch(/bootlayer: agent vsock 1024\r?\n/);
  });

  test("runs programs as the main one has it: directory, variables, user and groups", async () => {
    expect(
      await exec(agent, shell("pwd; echo $PLACE $PATH; cat content; id -G; echo err >&2; exit 3")),
    ).toEqual({
      out: "/srv\nmain /bin\nof the image\n0 5\n",
      err: "err\n",
      code: 3,
    });
  });

  test("knows the users of the guest, not of the host", async () => {
    const request = shell("id -u; id -g; id -G; echo $HOME");
    expect(await exec(agent, { ...request, user: "keeper" })).toMatchObject({
      out: "1000\n1001\n1001 77\n/srv/keeper\n",
    });
    expect(await refusalOf(agent.exec({ ...request, user: "daemon" }))).toBe("GUEST_USER");
  });

  test("gives a terminal with its size, resized", async () => {
    const program = await agent.exec({
      ...shell("stty -echo; tty; stty size; echo now; read line; stty size; exit 4"),
      terminal: { rows: 30, columns: 90 },
    });
    let output = "";
    program.stdout.on("data", (chunk: Uint8Array) => {
      output += Buffer.from(chunk).toString("latin1");
      if (!output.endsWith("now\r\n")) return;
      program.resize({ rows: 50, columns: 132 });
      program.stdin?.write("on\n");
    });
    const { code } = await program.exited;
    expect(output).toMatch(/^\/dev\/pts\/\d+\r\n30 90\r\nnow\r\n50 132\r\n$/);
    expect(code).toBe(4);
  });

  test("takes and gives files, with mode and owner", async () => {
    const content = Buffer.alloc(8e6, "bootlayer ");
    await agent.put("/srv/deep/down/file", content, { parents: true, mode: 0o640, uid: 1000, gid: 77 });
    const { out } = await exec(
      agent,
      shell("stat -c '%a %u %g %s' /srv/deep/down/file; ls -A /srv/deep/down"),
    );
    expect(out).toBe("640 1000 77 8000000\nfile\n");
    const file = await agent.get("/srv/deep/down/file");
    expect(file).toMatchObject({ mode: 0o640, uid: 1000, gid: 77, size: 8e6 });
    expect(content.equals(await readAll(file.content))).toBe(true);
  });

  test("is reached over vsock too, by root's programs in the guest", async () => {
    await using inner = await throughVsock(agent);
    expect(await inner.status()).toMatchObject({ hostname: "doorkeeper", program: { state: "running" } });
    expect(await exec(inner, shell("pwd; exit 9"))).toMatchObject({ out: "/srv\n", code: 9 });
  });

  test("is not reached over vsock by other users of the guest", async () => {
    const other = throughVsock(agent, { user: { uid: 1000, gid: 1000 } });
    expect(await refusalOf(other)).toBe("GUEST_AGENT_LOST");
  });

  test("takes eight sessions at once, the serial port's among them", async () => {
    const sessions = await Promise.all([...Array(7).keys()].map(() => throughVsock(agent)));
    expect(await refusalOf(throughVsock(agent))).toBe("GUEST_AGENT_REFUSED limit");
    await Promise.all(sessions.map((session) => session.close()));
    await using again = await throughVsock(agent);
    expect(await again.status()).toBeDefined();
  });

  test("serves the host that comes after one that left in the middle of a frame", async () => {
    const path = booted.address.slice("unix:".length);
    await agent.close();
    for (const part of [0, 5, 12, 40]) {
      const socket = connect({ path });
      socket.write("BLAGENT1 in the middle!!");
      socket.write(
        frame(
          3,
          1,
          "argv /bin/busybox\nargv sh\nargv -c\nargv echo\\x20$$>/srv/hup;echo\\x20up;sleep\\x20900\n",
        ),
      );
      // Until the program runs.
      let answer = Buffer.alloc(0);
      while (!answer.includes("up\n")) {
        const [chunk] = (await once(socket, "data")) as [Buffer];
        answer = Buffer.concat([answer, chunk]);
      }
      socket.write(frame(11, 2, `path /srv/never-${part}\nsize 100000\n`));
      const cutOff = frame(5, 2, Buffer.alloc(60_000));
      await new Promise((resolve) => socket.write(cutOff.subarray(0, part), resolve));
      socket.destroy();
      await once(socket, "close");

      agent = await connectAgent(booted.address, patience);
      // Its programs were hung up, its half of a file is gone.
      const { out } = await exec(
        agent,
        shell("while kill -0 $(cat /srv/hup); do sleep 0.1; done; ls -A /srv"),
      );
      expect(out).toBe("content\ndeep\nhup\n");
      await agent.close();
    }
    agent = await connectAgent(booted.address, patience);
  });

  test("serves the host that comes after one that left its output unread", async () => {
    const flood = await agent.exec(shell("yes"));
    await once(flood.stdout, "readable");
    await agent.close();
    agent = await connectAgent(booted.address, patience);
    expect(await exec(agent, shell("echo still here"))).toMatchObject({ out: "still here\n", code: 0 });
  });

  test("passes a signal to the main program, and its end to whoever waits, before the machine is gone", async () => {
    const waiting = [agent.wait(), agent.wait()];
    await agent.signal(10);
    expect(await Promise.all(waiting)).toMatchObject([
      { code: 6, signal: undefined, outOfMemory: false },
      { code: 6 },
    ]);
    expect(await booted.guest.end()).toMatch(/bootlayer: exit 6\r?\n/);
    expect(await refusalOf(agent.status())).toBe("GUEST_AGENT_LOST");
  });
});

describe.skipIf(judge.skip)(`shutdown through the agent${judge.reason}`, () => {
  test(
    "stops the main program by its stop signal, and leaves a clean disk with what was put on it",
    async () => {
      const script = "trap 'echo stopping; sleep 0.3; exit 7' INT; while true; do sleep 0.1; done";
      await using booted = await bootTree(
        `${shellConf(script)}\nstop-signal 2\nagent-serial ${portName}`,
        "disk",
      );
      await using agent = await connectAgent(booted.address, patience);
      await agent.put("/srv/put", Buffer.from("on the disk\n"), { mode: 0o600, uid: 12, gid: 34 });
      const waiting = agent.wait();
      await agent.shutdown("power-off");
      expect(await waiting).toMatchObject({ code: 7 });
      expect(await booted.guest.end()).toMatch(/stopping\r?\nbootlayer: exit 7\r?\n/);
      expect(await e2fsck(booted.disk)).toBeDefined();
      expect(await debugfs(booted.disk, "cat /srv/put")).toContain("on the disk");
      expect(await debugfs(booted.disk, "stat /srv/put")).toMatch(/Mode: +0600[^]*User: +12 +Group: +34/);
    },
    timeout,
  );
});

describe.skipIf(judge.skip)(`a guest whose init.conf asks for no agent${judge.reason}`, () => {
  test(
    "has no agent's process, no listener and nobody at the serial port",
    async () => {
      const script = `
        echo "processes: $(ps -o comm | grep -c agent)"
        /init vsock-connect 1 1024; echo "vsock: $?"
        echo "sockets: $(cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 | grep -vc local_address)"
        echo "ports: $(ls -l /proc/[0-9]*/fd | grep -c vport)"
        echo looked; read line; exit 0`;
      await using booted = await bootTree(`${shellConf(script)}\nstdin console`);
      await booted.guest.until(/looked/);
      expect(await refusalOf(connectAgent(booted.address, { timeoutMilliseconds: 2500 }))).toBe(
        "GUEST_AGENT_UNREACHABLE",
      );
      booted.guest.type("on\n");
      const console = (await booted.guest.end()).replaceAll("\r", "");
      expect(console).toContain("processes: 0\n");
      expect(console).toContain("vsock: 1\n");
      expect(console).toContain("sockets: 0\n");
      expect(console).toContain("ports: 0\n");
    },
    timeout,
  );
});
