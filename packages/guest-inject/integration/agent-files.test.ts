import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { requireJudge } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { eventually, exec, textOf, zeros } from "./agent-calls.ts";
import { readAll, refusalOf } from "./agent-fixtures.ts";
import { agentOnHost } from "./agent-on-host.ts";

const run = promisify(execFile);
const judge = requireJudge("root", "sha256sum", "stat", "mkfifo");
const host = agentOnHost(judge);

describe.skipIf(judge.skip)(`files through the agent${judge.reason}`, () => {
  test("a file that is put has its content, mode and owner, and can be got back", async () => {
    const path = join(host.directory, "new", "directories", "file \u00e4");
    await host.agent.put(path, Buffer.from("content\n"), { parents: true, mode: 0o4751, uid: 12, gid: 34 });
    expect((await run("stat", ["-c", "%a %u %g %s", path])).stdout).toBe("4751 12 34 8\n");
    expect((await run("stat", ["-c", "%a %u %g", join(host.directory, "new")])).stdout).toBe("755 0 0\n");
    const { content, ...attributes } = await host.agent.get(path);
    expect((await readAll(content)).toString("utf8")).toBe("content\n");
    expect(attributes).toMatchObject({ mode: 0o4751, uid: 12, gid: 34, size: 8 });
    const { stdout } = await run("stat", ["-c", "%Y", path]);
    expect(`${attributes.modified.seconds}\n`).toBe(stdout);
  });

  test("80 MB go there and back", async () => {
    const path = join(host.directory, "large");
    await host.agent.put(path, zeros(80e6), { size: 80e6 });
    const { stdout } = await run("sh", [
      "-c",
      "head -c 80000000 /dev/zero | sha256sum; stat -c %s-%a-%u $1",
      "sh",
      path,
    ]);
    const { content } = await host.agent.get(path);
    const hash = createHash("sha256");
    await pipeline(content, hash);
    expect(`${hash.digest("hex")}  -\n80000000-644-0\n`).toBe(stdout);
    await rm(path);
  });

  test("a file is there whole or not at all, the one before it until then", async () => {
    const place = join(host.directory, "whole");
    await mkdir(place);
    await writeFile(join(place, "file"), "before");
    const half = Promise.withResolvers<void>();
    const rest = Promise.withResolvers<void>();
    const putting = host.agent.put(
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
    const place = join(host.directory, "aborted");
    await mkdir(place);
    const stop = new AbortController();
    const putting = host.agent.put(
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
    await writeFile(join(host.directory, "target"), "target");
    await symlink("target", join(host.directory, "link"));
    expect((await readAll((await host.agent.get(join(host.directory, "link"))).content)).toString()).toBe(
      "target",
    );
    await host.agent.put(join(host.directory, "link"), Buffer.from("own"));
    expect(await readFile(join(host.directory, "target"), "utf8")).toBe("target");
    await expect(readlink(join(host.directory, "link"))).rejects.toThrow("EINVAL");
  });

  test("an empty file, and one of /proc that says it is empty", async () => {
    await host.agent.put(join(host.directory, "empty"), new Uint8Array());
    expect(await readAll((await host.agent.get(join(host.directory, "empty"))).content)).toHaveLength(0);
    const { content, size } = await host.agent.get("/proc/sys/kernel/osrelease");
    expect([size, await textOf(content)]).toEqual([0, `${release()}\n`]);
  });

  test("what cannot be read or written is refused with its reason", async () => {
    const fifo = join(host.directory, "fifo");
    await run("mkfifo", [fifo]);
    const one = new Uint8Array(1);
    expect({
      missing: await refusalOf(host.agent.get(join(host.directory, "missing"))),
      directory: await refusalOf(host.agent.get(host.directory)),
      fifo: await refusalOf(host.agent.get(fifo)),
      relative: await refusalOf(host.agent.get("etc/passwd")),
      below: await refusalOf(host.agent.get("/etc/passwd/x")),
      onto: await refusalOf(host.agent.put(host.directory, one)),
      slash: await refusalOf(host.agent.put(`${host.directory}/`, one)),
      parents: await refusalOf(host.agent.put(join(host.directory, "no", "such", "file"), one)),
      kernel: await refusalOf(host.agent.put("/sys/bootlayer", one)),
      long: await refusalOf(host.agent.put(join(host.directory, "x".repeat(256)), one)),
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
    const place = join(host.directory, "small");
    await mkdir(place);
    await run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", place]);
    try {
      const putting = host.agent.put(join(place, "file"), zeros(20e6), { size: 20e6 });
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
        const path = join(host.directory, `many-${number}`);
        await host.agent.put(path, Buffer.alloc(300_000, number));
        const [{ content }, { out }] = await Promise.all([
          host.agent.get(path),
          exec(host.agent, { argv: ["stat", "-c", "%s", path] }),
        ]);
        expect(Buffer.alloc(300_000, number).equals(await readAll(content))).toBe(true);
        expect(out).toBe("300000\n");
      }),
    );
  });

  test("who destroys a file's content leaves its place to others", async () => {
    await host.agent.put(join(host.directory, "unread"), Buffer.alloc(1e6));
    for (let round = 0; round < 70; round++)
      (await host.agent.get(join(host.directory, "unread"))).content.destroy();
    expect(await host.agent.status()).toBeDefined();
  });
});
