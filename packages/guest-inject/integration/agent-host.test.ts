import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { hostname, release, tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { requireJudge } from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectAgent } from "../src/agent/connect-agent.ts";
import { openAgentSession, type GuestAgent } from "../src/agent/guest-agent.ts";
import type { GuestProcess } from "../src/agent/guest-process.ts";
import type { ExecRequest } from "../src/agent/requests.ts";
import { frame, readAll, refusalOf } from "./agent-fixtures.ts";
import { fakeMonitor, startAgent, type AgentProcess } from "./agent-process.ts";

const run = promisify(execFile);
const judge = requireJudge("root", "sha256sum", "stat", "mkfifo");

let directory: string;
let agentProcess: AgentProcess;
let agent: GuestAgent;

beforeAll(async () => {
  if (judge.skip) return;
  directory = await mkdtemp(join(tmpdir(), "bootlayer-agent-"));
  await chmod(directory, 0o755);
  agentProcess = startAgent();
  agent = await openAgentSession(agentProcess.connection);
});

afterAll(async () => {
  if (judge.skip) return;
  await agent.close();
  expect(await agentProcess.ended).toBe(0);
  expect(agentProcess.messages()).toBe("");
  await rm(directory, { recursive: true });
});

async function textOf(stream: Readable): Promise<string> {
  return (await readAll(stream)).toString("utf8");
}

interface Ran {
  readonly out: string;
  readonly err: string;
  readonly code: number;
  readonly signal: number | undefined;
}

async function endOf(program: GuestProcess): Promise<Ran> {
  const [out, err, { code, signal }] = await Promise.all([
    textOf(program.stdout),
    textOf(program.stderr),
    program.exited,
  ]);
  return { out, err, code, signal };
}

async function exec(request: ExecRequest, input?: string): Promise<Ran> {
  const program = await agent.exec(request);
  if (input !== undefined) program.stdin?.end(input);
  return await endOf(program);
}

function shell(script: string, ...words: readonly string[]): { readonly argv: readonly string[] } {
  return { argv: ["sh", "-c", script, "sh", ...words] };
}

/** Ends when the output so far matches. */
async function until(stream: Readable, pattern: RegExp): Promise<string> {
  let text = "";
  return await new Promise((resolve, reject) => {
    stream.on("data", (chunk: Uint8Array) => {
      text += Buffer.from(chunk).toString("utf8");
      if (pattern.test(text)) resolve(text);
    });
    stream.on("end", () => reject(new Error(`it ended with ${JSON.stringify(text)}`)));
  });
}

/** Looks again until it is so. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}

async function* zeros(size: number): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; left -= 1e6) yield new Uint8Array(Math.min(left, 1e6));
}

describe.skipIf(judge.skip)(`a program through the agent${judge.reason}`, () => {
  test("status: another init runs this machine, which has its name and kernel", async () => {
    expect(await agent.status()).toMatchObject({
      program: { state: "unmanaged" },
      hostname: hostname(),
      kernel: release(),
    });
  });

  test("its outputs are two, its exit code its own", async () => {
    expect(await exec(shell("echo out; echo err >&2; exit 3"))).toEqual({
      out: "out\n",
      err: "err\n",
      code: 3,
      signal: undefined,
    });
  });

  test("arguments and variables arrive byte for byte, a later variable in the place of an earlier one", async () => {
    const { out } = await exec({
      argv: [
        "sh",
        "-c",
        String.raw`printf '%s\n' "$@" "$A" "$HOME" "$PATH" | od -An -c -v -w1`,
        "sh",
        " a\n",
        "ä\\",
        "",
      ],
      env: { A: new Uint8Array([0xff, 0x20]), HOME: "/srv" },
    });
    const bytes = Buffer.concat([
      Buffer.from(" a\n\nä\\\n\n"),
      Buffer.of(0xff, 0x20),
      Buffer.from("\n/srv\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"),
    ]);
    const { stdout } = await run("sh", ["-c", 'printf "%b" "$1" | od -An -c -v -w1', "sh", octal(bytes)]);
    expect(out).toBe(stdout);
  });

  test("without input it reads nothing; with input, up to its end", async () => {
    expect(await exec({ argv: ["cat"] })).toMatchObject({ out: "", code: 0 });
    expect(await exec({ argv: ["cat"], stdin: true }, "first\nlast")).toMatchObject({
      out: "first\nlast",
      code: 0,
    });
  });

  test("it starts in the directory that was asked for, made for its user where it is missing", async () => {
    const cwd = join(directory, "made", "here");
    const user = { uid: 12, gid: 34 };
    expect(await exec({ argv: ["pwd"], cwd, user })).toMatchObject({ out: `${cwd}\n`, code: 0 });
    expect((await run("stat", ["-c", "%u %g %a", cwd])).stdout).toBe("12 34 755\n");
    expect(await refusalOf(agent.exec({ argv: ["pwd"], cwd: "here" }))).toBe("GUEST_AGENT_REFUSED invalid");
  });

  test("it is the user and the groups of the numbers that were asked for, and of no others", async () => {
    const script = shell("id -u; id -g; id -G");
    const user = { uid: 4_000_000_000, gid: 77 };
    expect(await exec({ ...script, user })).toMatchObject({ out: "4000000000\n77\n77\n" });
    expect(await exec({ ...script, user: { ...user, groups: [5, 6] } })).toMatchObject({
      out: "4000000000\n77\n77 5 6\n",
    });
  });

  test("a user's name is looked up in the guest, and sets HOME", async () => {
    const script = shell("id -un; id -gn; echo $HOME");
    expect(await exec({ ...script, user: "daemon" })).toMatchObject({ out: "daemon\ndaemon\n/usr/sbin\n" });
    expect(await exec({ ...script, user: "daemon:mail", env: { HOME: "/" } })).toMatchObject({
      out: "daemon\nmail\n/\n",
    });
    expect(await refusalOf(agent.exec({ ...script, user: "nobody-here" }))).toBe("GUEST_USER");
  });

  test("100 MB of output arrive whole", async () => {
    const program = await agent.exec(shell("yes 0123456789abcde | head -c 100000000"));
    program.stderr.resume();
    const hash = createHash("sha256");
    await pipeline(program.stdout, hash);
    const { stdout } = await run("sh", ["-c", "yes 0123456789abcde | head -c 100000000 | sha256sum"]);
    expect(`${hash.digest("hex")}  -\n`).toBe(stdout);
    expect((await program.exited).code).toBe(0);
  });

  test("40 MB of input go through it and back", async () => {
    const program = await agent.exec({ argv: ["cat"], stdin: true });
    program.stderr.resume();
    if (!program.stdin) throw new Error("it has no input");
    const hash = createHash("sha256");
    await Promise.all([pipeline(zeros(40e6), program.stdin), pipeline(program.stdout, hash)]);
    expect(hash.digest("hex")).toBe(createHash("sha256").update(Buffer.alloc(40e6)).digest("hex"));
  });

  test("a slow reader gets all, though it takes everything that is there at once", async () => {
    const program = await agent.exec(shell("yes | head -c 2000000"));
    program.stderr.resume();
    let read = 0;
    for await (const chunk of program.stdout as AsyncIterable<Uint8Array>) {
      read += chunk.length;
      await sleep(20);
    }
    expect(read).toBe(2_000_000);
  });

  test("input that it does not want is dropped when it ends, and the session goes on", async () => {
    const program = await agent.exec({ argv: ["true"], stdin: true });
    program.stdin?.write(Buffer.alloc(1e6));
    expect(await endOf(program)).toMatchObject({ code: 0 });
    expect(program.stdin?.destroyed).toBe(true);
    expect(await exec({ argv: ["true"] })).toMatchObject({ code: 0 });
  });

  test("a signal goes to its process group, and is told as the end's reason", async () => {
    const program = await agent.exec(shell("sleep 100 & sleep 100; :"));
    program.signal(15);
    expect(await endOf(program)).toMatchObject({ code: 143, signal: 15 });
  });

  test("60 at once on one connection each get their own", async () => {
    const numbers = [...Array(60).keys()];
    const ran = await Promise.all(
      numbers.map((number) => exec(shell(`sleep 0.1; echo ${number}; exit ${number}`))),
    );
    expect(ran.map(({ out, code }) => [out, code])).toEqual(numbers.map((number) => [`${number}\n`, number]));
  });

  test("the 65th stream is refused, and its place is free again when another has ended", async () => {
    const [first, ...others] = await Promise.all(
      [...Array(64).keys()].map(() => agent.exec({ argv: ["sleep", "100"] })),
    );
    expect(await refusalOf(agent.status())).toBe("GUEST_AGENT_REFUSED limit");
    first?.signal(9);
    expect(await first?.exited).toMatchObject({ code: 137 });
    expect(await agent.status()).toBeDefined();
    for (const sleeper of others) sleeper.close();
    await agent.status();
  });

  test("whose output nobody reads stands still alone", async () => {
    const unread = await agent.exec({ argv: ["yes"] });
    expect(await exec({ argv: ["echo", "others go on"] })).toMatchObject({ out: "others go on\n" });
    unread.close();
    expect(await refusalOf(unread.exited)).toBe("GUEST_AGENT_LOST");
  });

  test("whose output is destroyed goes on", async () => {
    const program = await agent.exec(shell("yes | head -c 3000000; exit 5"));
    program.stdout.destroy();
    program.stderr.destroy();
    expect((await program.exited).code).toBe(5);
  });

  test("that cannot start is refused with its reason", async () => {
    expect(await refusalOf(agent.exec({ argv: ["no-such-program"] }))).toBe("GUEST_AGENT_REFUSED not-found");
    expect(await refusalOf(agent.exec({ argv: ["/etc/passwd"] }))).toBe("GUEST_AGENT_REFUSED not-executable");
    const own = join(directory, "own");
    await writeFile(own, "#!/bin/sh\n", { mode: 0o700 });
    expect(await exec({ argv: [own] })).toMatchObject({ code: 0 });
    const request = { argv: [own], user: { uid: 12, gid: 34 } };
    expect(await refusalOf(agent.exec(request))).toBe("GUEST_AGENT_REFUSED not-executable");
  });

  test("an abort gives it SIGHUP", async () => {
    const stop = new AbortController();
    const mark = join(directory, "hung-up");
    // The shell would tell there that its `sleep` was hung up, and nobody reads it any more.
    const script = shell(
      'exec 2>/dev/null; trap "echo hup > $1; exit" HUP; echo ready; while :; do sleep 0.05; done',
      mark,
    );
    const program = await agent.exec(script, { signal: stop.signal });
    await until(program.stdout, /ready/);
    stop.abort(new Error("enough"));
    await expect(program.exited).rejects.toThrow("enough");
    await eventually(async () => (await readFile(mark, "utf8").catch(() => "")) === "hup\n");
  });
});

function octal(bytes: Uint8Array): string {
  return [...bytes].map((byte) => String.raw`\0${byte.toString(8).padStart(3, "0")}`).join("");
}

describe.skipIf(judge.skip)(`a program at a terminal${judge.reason}`, () => {
  const terminal = { rows: 24, columns: 80 };

  test("controls it, has its size, and hears of a new one", async () => {
    const script =
      "trap 'stty size; exit 4' WINCH; tty; stty size; echo err >&2; while :; do sleep 0.05; done";
    const program = await agent.exec({ ...shell(script), terminal });
    const ended = endOf(program);
    await until(program.stdout, /err/);
    program.resize({ rows: 50, columns: 132 });
    const { out, err, code } = await ended;
    expect(out).toMatch(/^\/dev\/pts\/\d+\r\n24 80\r\nerr\r\n50 132\r\n$/);
    expect([err, code]).toEqual(["", 4]);
  });

  test("is interrupted by Ctrl-C", async () => {
    const program = await agent.exec({ argv: ["cat"], terminal });
    const ended = endOf(program);
    program.stdin?.write("ready\n");
    await until(program.stdout, /ready\r\nready/);
    program.stdin?.write("\u0003");
    expect(await ended).toMatchObject({ code: 130, signal: 2 });
  });

  test("reads the end of input as end of file, also where the input is more than a terminal holds", async () => {
    const program = await agent.exec({ ...shell("stty -echo; echo ready; sleep 0.5; wc -c"), terminal });
    const ended = endOf(program);
    await until(program.stdout, /ready/);
    program.stdin?.end(`${"x".repeat(99)}\n`.repeat(2000));
    expect(await ended).toMatchObject({ out: "ready\r\n200000\r\n", code: 0 });
  });

  test("is nobody's to be resized without one", async () => {
    const program = await agent.exec({ argv: ["sleep", "100"] });
    expect(() => program.resize(terminal)).toThrow(expect.objectContaining({ code: "GUEST_AGENT_REQUEST" }));
    program.close();
  });
});

describe.skipIf(judge.skip)(`files through the agent${judge.reason}`, () => {
  test("a file that is put has its content, mode and owner, and can be got back", async () => {
    const path = join(directory, "new", "directories", "file \u00e4");
    await agent.put(path, Buffer.from("content\n"), { parents: true, mode: 0o4751, uid: 12, gid: 34 });
    expect((await run("stat", ["-c", "%a %u %g %s", path])).stdout).toBe("4751 12 34 8\n");
    expect((await run("stat", ["-c", "%a %u %g", join(directory, "new")])).stdout).toBe("755 0 0\n");
    const { content, ...attributes } = await agent.get(path);
    expect((await readAll(content)).toString("utf8")).toBe("content\n");
    expect(attributes).toMatchObject({ mode: 0o4751, uid: 12, gid: 34, size: 8 });
    const { stdout } = await run("stat", ["-c", "%Y", path]);
    expect(`${attributes.modified.seconds}\n`).toBe(stdout);
  });

  test("80 MB go there and back", async () => {
    const path = join(directory, "large");
    await agent.put(path, zeros(80e6), { size: 80e6 });
    const { stdout } = await run("sh", [
      "-c",
      "head -c 80000000 /dev/zero | sha256sum; stat -c %s-%a-%u $1",
      "sh",
      path,
    ]);
    const { content } = await agent.get(path);
    const hash = createHash("sha256");
    await pipeline(content, hash);
    expect(`${hash.digest("hex")}  -\n80000000-644-0\n`).toBe(stdout);
    await rm(path);
  });

  test("a file is there whole or not at all, the one before it until then", async () => {
    const place = join(directory, "whole");
    await mkdir(place);
    await writeFile(join(place, "file"), "before");
    const half = Promise.withResolvers<void>();
    const rest = Promise.withResolvers<void>();
    const putting = agent.put(
      join(place, "file"),
      (async function* () {
        yield Buffer.from("new ");
        half.resolve();
        await rest.promise;
        yield Buffer.from("content");
      })(),
      { size: 11 },
    );
    await half.promise;
    await eventually(async () => (await readdir(place)).length === 2);
    expect(await readFile(join(place, "file"), "utf8")).toBe("before");
    rest.resolve();
    await putting;
    expect(await readdir(place)).toEqual(["file"]);
    expect(await readFile(join(place, "file"), "utf8")).toBe("new content");
  });

  test("an aborted put leaves nothing behind", async () => {
    const place = join(directory, "aborted");
    await mkdir(place);
    const stop = new AbortController();
    const putting = agent.put(
      join(place, "file"),
      (async function* () {
        yield Buffer.from("half");
        await eventually(async () => (await readdir(place)).length === 1);
        stop.abort(new Error("enough"));
        yield Buffer.from("rest");
      })(),
      { size: 8, signal: stop.signal },
    );
    await expect(putting).rejects.toThrow("enough");
    await eventually(async () => (await readdir(place)).length === 0);
  });

  test("a symbolic link is replaced by a put, and followed by a get", async () => {
    await writeFile(join(directory, "target"), "target");
    await symlink("target", join(directory, "link"));
    expect((await readAll((await agent.get(join(directory, "link"))).content)).toString()).toBe("target");
    await agent.put(join(directory, "link"), Buffer.from("own"));
    expect(await readFile(join(directory, "target"), "utf8")).toBe("target");
    await expect(readlink(join(directory, "link"))).rejects.toThrow("EINVAL");
  });

  test("an empty file, and one of /proc that says it is empty", async () => {
    await agent.put(join(directory, "empty"), new Uint8Array());
    expect(await readAll((await agent.get(join(directory, "empty"))).content)).toHaveLength(0);
    const { content, size } = await agent.get("/proc/sys/kernel/osrelease");
    expect([size, await textOf(content)]).toEqual([0, `${release()}\n`]);
  });

  test("what cannot be read or written is refused with its reason", async () => {
    const fifo = join(directory, "fifo");
    await run("mkfifo", [fifo]);
    const one = new Uint8Array(1);
    expect({
      missing: await refusalOf(agent.get(join(directory, "missing"))),
      directory: await refusalOf(agent.get(directory)),
      fifo: await refusalOf(agent.get(fifo)),
      relative: await refusalOf(agent.get("etc/passwd")),
      below: await refusalOf(agent.get("/etc/passwd/x")),
      onto: await refusalOf(agent.put(directory, one)),
      slash: await refusalOf(agent.put(`${directory}/`, one)),
      parents: await refusalOf(agent.put(join(directory, "no", "such", "file"), one)),
      kernel: await refusalOf(agent.put("/sys/bootlayer", one)),
      long: await refusalOf(agent.put(join(directory, "x".repeat(256)), one)),
    }).toEqual({
      missing: "GUEST_AGENT_REFUSED not-found",
      directory: "GUEST_AGENT_REFUSED invalid",
      fifo: "GUEST_AGENT_REFUSED invalid",
      relative: "GUEST_AGENT_REFUSED invalid",
      below: "GUEST_AGENT_REFUSED invalid",
      onto: "GUEST_AGENT_REFUSED exists",
      slash: "GUEST_AGENT_REFUSED exists",
      parents: "GUEST_AGENT_REFUSED not-found",
      kernel: "GUEST_AGENT_REFUSED permission",
      long: "GUEST_AGENT_REFUSED invalid",
    });
  });

  test("a disk that is full refuses the put and keeps nothing of it", async () => {
    const place = join(directory, "small");
    await mkdir(place);
    await run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", place]);
    try {
      const putting = agent.put(join(place, "file"), zeros(20e6), { size: 20e6 });
      expect(await refusalOf(putting)).toBe("GUEST_AGENT_REFUSED no-space");
      expect(await readdir(place)).toEqual([]);
    } finally {
      await run("umount", [place]);
    }
  });

  test("many files at once, both ways, beside programs", async () => {
    const numbers = [...Array(20).keys()];
    await Promise.all(
      numbers.map(async (number) => {
        const path = join(directory, `many-${number}`);
        await agent.put(path, Buffer.alloc(300_000, number));
        const [{ content }, { out }] = await Promise.all([
          agent.get(path),
          exec({ argv: ["stat", "-c", "%s", path] }),
        ]);
        expect(Buffer.alloc(300_000, number).equals(await readAll(content))).toBe(true);
        expect(out).toBe("300000\n");
      }),
    );
  });

  test("who destroys a file's content leaves its place to others", async () => {
    await agent.put(join(directory, "unread"), Buffer.alloc(1e6));
    for (let round = 0; round < 70; round++) (await agent.get(join(directory, "unread"))).content.destroy();
    expect(await agent.status()).toBeDefined();
  });
});

describe.skipIf(judge.skip)(`the end of a session${judge.reason}`, () => {
  test("gives its programs SIGHUP; who ignores that lives on", async () => {
    await using own = startAgent();
    const session = await openAgentSession(own.connection);
    const mark = join(directory, "left");
    const heeding =
      'exec 2>/dev/null; trap "echo heeded >> $1; exit" HUP; echo ready; while :; do sleep 0.05; done';
    const ignoring =
      'trap "" HUP; echo ready; while [ "$(cat $1)" != heeded ]; do sleep 0.05; done; echo outlived >> $1';
    await writeFile(mark, "");
    for (const script of [heeding, ignoring])
      await until((await session.exec(shell(script, mark))).stdout, /ready/);
    own.connection.destroy();
    await eventually(async () => (await readFile(mark, "utf8")) === "heeded\noutlived\n");
    expect(await own.ended).toBe(0);
  });

  test("follows a frame that breaks the rules, with the reason", async () => {
    for (const [broken, message] of [
      [frame(99, 1), "a frame of a type that hosts do not send"],
      [frame(1, 0), "a request on stream 0"],
      [frame(3, 1, "argv\n"), "a record that exec does not have"],
      [frame(3, 1, "argv a  b\n"), "a malformed record"],
      [frame(3, 1, ""), "an exec without argv"],
      [frame(11, 1, "path /x\n"), "a put without path or size"],
      [Buffer.from("010001000100000001000000", "hex"), "a frame whose header breaks the rules"],
    ] as const) {
      await using own = startAgent();
      const opening = Buffer.from("BLAGENT10123456789abcdef");
      own.connection.write(Buffer.concat([opening, broken]));
      const answer = await readAll(own.connection);
      expect(answer.subarray(0, 24)).toEqual(opening);
      expect([answer[32], answer.readUInt32LE(28)]).toEqual([16, 0]);
      expect(answer.toString("latin1", 36)).toBe(
        `code protocol\nmessage ${message.replaceAll(" ", String.raw`\x20`)}\n`,
      );
      expect(await own.ended).toBe(0);
    }
  });

  test("by the agent's death is the end of all calls", async () => {
    await using own = startAgent();
    const session = await openAgentSession(own.connection);
    const program = await session.exec({ argv: ["sleep", "1"] });
    own.child.kill("SIGKILL");
    expect(await refusalOf(program.exited)).toBe("GUEST_AGENT_LOST");
    expect(await refusalOf(session.status())).toBe("GUEST_AGENT_LOST");
  });

  test("a main program is nobody's to wait for or to signal under another init", async () => {
    expect(await refusalOf(agent.wait())).toBe("GUEST_AGENT_REFUSED unsupported");
    expect(await refusalOf(agent.signal(15))).toBe("GUEST_AGENT_REFUSED unsupported");
  });
});

describe.skipIf(judge.skip)(`a monitor's Unix socket leads to the agent:${judge.reason}`, () => {
  test.each(["firecracker", "cloud-hypervisor"])("%s's form of vsock, after its handshake", async (kind) => {
    const path = join(directory, `${kind}.sock`);
    await using monitor = await fakeMonitor(path, 1024);
    await using session = await connectAgent(`${kind}:${path}`);
    const program = await session.exec({ argv: ["echo", "through"] });
    expect(await endOf(program)).toMatchObject({ out: "through\n", code: 0 });
    const other = connectAgent(`${kind}:${path}:99`, { timeoutMilliseconds: 600 });
    await expect(other).rejects.toThrow(/nothing in the guest listens on port 99/);
    expect(monitor.requests).toContain("CONNECT 1024\n");
  });

  test("a chardev's, where hosts come and go", async () => {
    const path = join(directory, "serial.sock");
    await using _monitor = await fakeMonitor(path);
    for (let host = 0; host < 3; host++) {
      await using session = await connectAgent(`unix:${path}`);
      expect(await session.status()).toMatchObject({ hostname: hostname() });
    }
  });
});
