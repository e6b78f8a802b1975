import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requireJudge } from "@bootlayer/test-fixtures";
import { execa } from "execa";
import { readContent } from "./entry-content.ts";
import type { InjectedFile } from "./guest-config.ts";
import type { EntryContent, PreparedFile } from "./guest-plan.ts";
import { prepareFiles } from "./host-files.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-host-files-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function prepare(file: Partial<InjectedFile> & { readonly guest: string }): Promise<PreparedFile[]> {
  return await prepareFiles({ uid: 0, gid: 0, ...file }, undefined);
}

async function hostFile(name: string, content: string | Uint8Array, mode = 0o644): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

async function read(content: EntryContent): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(readContent(content, undefined)));
}

function contentOf(file: PreparedFile | undefined): EntryContent {
  if (file?.content.kind !== "bytes" && file?.content.kind !== "host-file") throw new Error("no file");
  return file.content;
}

test("content that is given is a file of mode 0644, unless a mode is", async () => {
  const content = { kind: "bytes", bytes: Buffer.from("\u00e4") };
  expect(await prepare({ guest: "/a", content: "\u00e4" })).toEqual([
    { guest: "/a", mode: 0o644, uid: 0, gid: 0, content },
  ]);
  expect(await prepare({ guest: "/a", content: "\u00e4", mode: "4755", uid: 5, gid: 6 })).toEqual([
    { guest: "/a", mode: 0o4755, uid: 5, gid: 6, content },
  ]);
});

test("a file of the host has its own mode, and the owner that is asked for", async () => {
  const host = await hostFile("tool", "x", 0o750);
  expect(await prepare({ host, guest: "/usr/bin/tool", uid: 7 })).toMatchObject([
    { guest: "/usr/bin/tool", mode: 0o750, uid: 7, gid: 0 },
  ]);
  expect(await prepare({ host, guest: "/usr/bin/tool", mode: "0600" })).toMatchObject([{ mode: 0o600 }]);
});

test("a guest's path that ends in a slash takes the file's own name", async () => {
  const host = await hostFile("named", "x");
  expect(await prepare({ host, guest: "/usr/bin/" })).toMatchObject([{ guest: "/usr/bin/named" }]);
});

test("a symlink that is named is followed", async () => {
  const host = join(directory, "link-to-tool");
  await hostFile("linked", "linked content");
  await symlink("linked", host);
  const [file] = await prepare({ host, guest: "/a" });
  expect((await read(contentOf(file))).toString()).toBe("linked content");
});

test("a directory brings all below it in byte order, parents first, symlinks as they are", async () => {
  const host = join(directory, "tree");
  await mkdir(join(host, "b"), { recursive: true });
  await mkdir(join(host, "empty"));
  for (const name of ["b/z", "b/a", "B", "b.x"]) await writeFile(join(host, name), name);
  await symlink("/nowhere/else", join(host, "link"));
  await chmod(join(host, "b"), 0o700);
  const files = await prepare({ host, guest: "/srv/", mode: "0444", uid: 3, gid: 4 });
  expect(files.map(({ guest, mode, content }) => [guest, mode.toString(8), content.kind])).toEqual([
    ["/srv/", "755", "directory"],
    ["/srv/B", "444", "bytes"],
    ["/srv/b", "700", "directory"],
    ["/srv/b/a", "444", "bytes"],
    ["/srv/b/z", "444", "bytes"],
    ["/srv/b.x", "444", "bytes"],
    ["/srv/empty", "755", "directory"],
    ["/srv/link", "777", "symlink"],
  ]);
  expect(files.every(({ uid, gid }) => uid === 3 && gid === 4)).toBe(true);
  expect(files.at(-1)?.content).toEqual({ kind: "symlink", target: "/nowhere/else" });
});

test.runIf(process.platform === "linux")("a name in a directory need not be UTF-8", async () => {
  const host = join(directory, "bytes");
  await mkdir(host);
  await writeFile(Buffer.concat([Buffer.from(`${host}/`), Buffer.of(0xff)]), "x");
  expect((await prepare({ host, guest: "/d" })).map(({ guest }) => guest)).toEqual(["/d", "/d/\u00ff"]);
});

test("a large file is read when it is needed, and must be the same then", async () => {
  const bytes = Buffer.alloc(100_000, "large");
  const host = await hostFile("large", bytes);
  const content = contentOf((await prepare({ host, guest: "/a" }))[0]);
  expect(content).toMatchObject({ kind: "host-file", path: host, size: bytes.length });
  expect(await read(content)).toEqual(bytes);
});

describe("a large file that changes is noticed", () => {
  test.for<[string, (host: string) => Promise<void>]>([
    ["longer", (host) => writeFile(host, Buffer.alloc(100_001, "large"))],
    ["shorter", (host) => truncate(host, 99_999)],
    ["other bytes of one length", (host) => writeFile(host, Buffer.alloc(100_000, "Large"))],
  ])("%s", async ([name, change]) => {
    const host = await hostFile(`changing ${name}`, Buffer.alloc(100_000, "large"));
    const content = contentOf((await prepare({ host, guest: "/a" }))[0]);
    await change(host);
    await expect(read(content)).rejects.toMatchObject({ code: "GUEST_FILE_CHANGED" });
  });

  test("gone", async () => {
    const host = await hostFile("going", Buffer.alloc(100_000));
    const content = contentOf((await prepare({ host, guest: "/a" }))[0]);
    await rm(host);
    await expect(read(content)).rejects.toMatchObject({ code: "GUEST_FILE" });
  });
});

describe("GUEST_FILE is what cannot be had", () => {
  test("a file that is missing, by name", async () => {
    const host = join(directory, "missing");
    await expect(prepare({ host, guest: "/a" })).rejects.toMatchObject({
      code: "GUEST_FILE",
      message: expect.stringContaining(`${host} cannot be read (ENOENT)`) as string,
    });
  });

  test("a name with NUL", async () => {
    await expect(prepare({ host: "a\0b", guest: "/a" })).rejects.toMatchObject({ code: "GUEST_FILE" });
  });

  test("a symlink to nothing", async () => {
    const host = join(directory, "dangling");
    await symlink("nowhere", host);
    await expect(prepare({ host, guest: "/a" })).rejects.toMatchObject({ code: "GUEST_FILE" });
  });

  test.runIf(process.platform !== "win32")("a socket, which is never opened", async () => {
    const host = join(directory, "socket");
    const server = createServer().listen(host);
    await new Promise((resolve) => server.once("listening", resolve));
    await expect(prepare({ host, guest: "/a" })).rejects.toMatchObject({
      code: "GUEST_FILE",
      message: expect.stringContaining("neither a file, a directory nor a symlink") as string,
    });
    server.close();
  });

  const mkfifo = requireJudge("mkfifo");
  test.skipIf(mkfifo.skip)(`a pipe in a directory, which nobody ever writes to${mkfifo.reason}`, async () => {
    const host = join(directory, "pipes");
    await mkdir(host);
    await execa("mkfifo", [join(host, "pipe")]);
    await expect(prepare({ host, guest: "/a" })).rejects.toMatchObject({ code: "GUEST_FILE" });
  });
});

test("the signal's reason ends the reading", async () => {
  const host = await hostFile("slow", Buffer.alloc(100_000));
  const reason = new Error("enough");
  const file = { host, guest: "/a", uid: 0, gid: 0 };
  await expect(prepareFiles(file, AbortSignal.abort(reason))).rejects.toBe(reason);
  const [content] = await prepare(file);
  const reading = readContent(contentOf(content), AbortSignal.abort(reason));
  await expect(reading.next()).rejects.toBe(reason);
});
