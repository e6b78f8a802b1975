import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { requireJudge } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { endOf, eventually, exec, shell, until, zeros } from "./agent-calls.ts";
import { refusalOf } from "./agent-fixtures.ts";
import { agentOnHost } from "./agent-on-host.ts";

const run = promisify(execFile);
const judge = requireJudge("root", "sha256sum", "stat");
const host = agentOnHost(judge);

describe.skipIf(judge.skip)(`a program through the agent${judge.reason}`, () => {
  test("its outputs are two, its exit code its own", async () => {
    expect(await exec(host.agent, shell("echo out; echo err >&2; exit 3"))).toEqual({
      out: "out\n",
      err: "err\n",
      code: 3,
      signal: undefined,
    });
  });

  test("arguments and variables arrive byte for byte, a later variable in the place of an earlier one", async () => {
    const { out } = await exec(host.agent, {
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
    expect(await exec(host.agent, { argv: ["cat"] })).toMatchObject({ out: "", code: 0 });
    expect(await exec(host.agent, { argv: ["cat"], stdin: true }, "first\nlast")).toMatchObject({
      out: "first\nlast",
      code: 0,
    });
  });

  test("it starts in the directory that was asked for, made for its user where it is missing", async () => {
    const cwd = join(host.directory, "made", "here");
    const user = { uid: 12, gid: 34 };
    expect(await exec(host.agent, { argv: ["pwd"], cwd, user })).toMatchObject({ out: `${cwd}\n`, code: 0 });
    expect((await run("stat", ["-c", "%u %g %a", cwd])).stdout).toBe("12 34 755\n");
    expect(await refusalOf(host.agent.exec({ argv: ["pwd"], cwd: "here" }))).toBe(
      "GUEST_AGENT_REFUSED invalid",
    );
  });

  test("it is the user and the groups of the numbers that were asked for, and of no others", async () => {
    const script = shell("id -u; id -g; id -G");
    const user = { uid: 4_000_000_000, gid: 77 };
    expect(await exec(host.agent, { ...script, user })).toMatchObject({ out: "4000000000\n77\n77\n" });
    expect(await exec(host.agent, { ...script, user: { ...user, groups: [5, 6] } })).toMatchObject({
      out: "4000000000\n77\n77 5 6\n",
    });
  });

  test("a user's name is looked up in the guest, and sets HOME", async () => {
    const script = shell("id -un; id -gn; echo $HOME");
    expect(await exec(host.agent, { ...script, user: "daemon" })).toMatchObject({
      out: "daemon\ndaemon\n/usr/sbin\n",
    });
    expect(await exec(host.agent, { ...script, user: "daemon:mail", env: { HOME: "/" } })).toMatchObject({
      out: "daemon\nmail\n/\n",
    });
    expect(await refusalOf(host.agent.exec({ ...script, user: "nobody-here" }))).toBe("GUEST_USER");
  });

  test("100 MB of output arrive whole", async () => {
    const program = await host.agent.exec(shell("yes 0123456789abcde | head -c 100000000"));
    program.stderr.resume();
    const hash = createHash("sha256");
    await pipeline(program.stdout, hash);
    const { stdout } = await run("sh", ["-c", "yes 0123456789abcde | head -c 100000000 | sha256sum"]);
    expect(`${hash.digest("hex")}  -\n`).toBe(stdout);
    expect((await program.exited).code).toBe(0);
  });

  test("40 MB of input go through it and back", async () => {
    const program = await host.agent.exec({ argv: ["cat"], stdin: true });
    program.stderr.resume();
    if (!program.stdin) throw new Error("it has no input");
    const hash = createHash("sha256");
    await Promise.all([pipeline(zeros(40e6), program.stdin), pipeline(program.stdout, hash)]);
    expect(hash.digest("hex")).toBe(createHash("sha256").update(Buffer.alloc(40e6)).digest("hex"));
  });

  test("a slow reader gets all, though it takes everything that is there at once", async () => {
    const program = await host.agent.exec(shell("yes | head -c 2000000"));
    program.stderr.resume();
    let read = 0;
    for await (const chunk of program.stdout as AsyncIterable<Uint8Array>) {
      read += chunk.length;
      await sleep(20);
    }
    expect(read).toBe(2_000_000);
  });

  test("input that it does not want is dropped when it ends, and the session goes on", async () => {
    const program = await host.agent.exec({ argv: ["true"], stdin: true });
    program.stdin?.write(Buffer.alloc(1e6));
    expect(await endOf(program)).toMatchObject({ code: 0 });
    expect(program.stdin?.destroyed).toBe(true);
    expect(await exec(host.agent, { argv: ["true"] })).toMatchObject({ code: 0 });
  });

  test("a signal goes to its process group, and is told as the end's reason", async () => {
    const program = await host.agent.exec(shell("sleep 100 & sleep 100; :"));
    program.signal(15);
    expect(await endOf(program)).toMatchObject({ code: 143, signal: 15 });
  });

  test("60 at once on one connection each get their own", async () => {
    const numbers = [...Array(60).keys()];
    const ran = await Promise.all(
      numbers.map((number) => exec(host.agent, shell(`sleep 0.1; echo ${number}; exit ${number}`))),
    );
    expect(ran.map(({ out, code }) => [out, code])).toEqual(numbers.map((number) => [`${number}\n`, number]));
  });

  test("the 65th stream is refused, and its place is free again when another has ended", async () => {
    const [first, ...others] = await Promise.all(
      [...Array(64).keys()].map(() => host.agent.exec({ argv: ["sleep", "100"] })),
    );
    expect(await refusalOf(host.agent.status())).toBe("GUEST_AGENT_REFUSED limit");
    first?.signal(9);
    expect(await first?.exited).toMatchObject({ code: 137 });
    expect(await host.agent.status()).toBeDefined();
    for (const sleeper of others) sleeper.close();
    await host.agent.status();
  });

  test("whose output nobody reads stands still alone", async () => {
    const unread = await host.agent.exec({ argv: ["yes"] });
    expect(await exec(host.agent, { argv: ["echo", "others go on"] })).toMatchObject({
      out: "others go on\n",
    });
    unread.close();
    expect(await refusalOf(unread.exited)).toBe("GUEST_AGENT_LOST");
  });

  test("whose output is destroyed goes on", async () => {
    const program = await host.agent.exec(shell("yes | head -c 3000000; exit 5"));
    program.stdout.destroy();
    program.stderr.destroy();
    expect((await program.exited).code).toBe(5);
  });

  test("that cannot start is refused with its reason", async () => {
    expect(await refusalOf(host.agent.exec({ argv: ["no-such-program"] }))).toBe(
      "GUEST_AGENT_REFUSED not-found",
    );
    expect(await refusalOf(host.agent.exec({ argv: ["/etc/passwd"] }))).toBe(
      "GUEST_AGENT_REFUSED not-executable",
    );
    const own = join(host.directory, "own");
    await writeFile(own, "#!/bin/sh\n", { mode: 0o700 });
    expect(await exec(host.agent, { argv: [own] })).toMatchObject({ code: 0 });
    const request = { argv: [own], user: { uid: 12, gid: 34 } };
    expect(await refusalOf(host.agent.exec(request))).toBe("GUEST_AGENT_REFUSED not-executable");
  });

  test("an abort gives it SIGHUP", async () => {
    const stop = new AbortController();
    const mark = join(host.directory, "hung-up");
    // The shell would tell there that its `sleep` was hung up, and nobody reads it any more.
    const script = shell(
      'exec 2>/dev/null; trap "echo hup > $1; exit" HUP; echo ready; while :; do sleep 0.05; done',
      mark,
    );
    const program = await host.agent.exec(script, { signal: stop.signal });
    await until(program.stdout, /ready/);
    stop.abort(new Error("enough"));
    await expect(program.exited).rejects.toThrow("enough");
    await eventually(async () => (await readFile(mark, "utf8").catch(() => "")) === "hup\n");
  });
});

function octal(bytes: Uint8Array): string {
  return [...bytes].map((byte) => String.raw`\0${byte.toString(8).padStart(3, "0")}`).join("");
}
