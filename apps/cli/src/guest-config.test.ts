import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { guestConfigOf } from "./guest-config.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-flags-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

test("no flag asks for no guest", async () => {
  expect(await guestConfigOf({})).toBeUndefined();
});

test("flags are laid over the file", async () => {
  const guest = await write(
    "guest.yaml",
    "hostname: from-file\nprocess: { entrypoint: [/bin/a], cmd: [b], env: { A: '1', B: '2' } }\n",
  );
  const config = await guestConfigOf({
    guest,
    hostname: "from-flag",
    entrypoint: ["/bin/c"],
    env: [
      ["B", "3"],
      ["C", "4"],
    ],
    inject: ["/a:/b:0755", "/c:/d"],
    agent: [{ vsock: 1 }, { serial: "a" }],
  });
  expect(config).toMatchObject({
    hostname: "from-flag",
    process: { entrypoint: ["/bin/c"], env: { A: "1", B: "3", C: "4" } },
    files: [
      { host: "/a", guest: "/b", mode: "0755" },
      { host: "/c", guest: "/d" },
    ],
    agent: { vsock: 1, serial: "a" },
  });
  expect(config?.process?.cmd).toBeUndefined();
});

test("flags say where the program's input comes from", async () => {
  expect((await guestConfigOf({ stdin: true, terminal: true }))?.process).toEqual({
    stdin: true,
    terminal: true,
  });
});

test("modules to load may be named by flag, and their directory in the file", async () => {
  const guest = await write("modules.yaml", "modules: { directory: m, load: [a] }\n");
  expect((await guestConfigOf({ guest, load: ["b"] }))?.modules).toEqual({
    directory: join(directory, "m"),
    load: ["b"],
  });
});

test("each line of a file of keys is one, comments are none", async () => {
  const sshKey = await write("keys", "# mine\nssh-ed25519 AAAA me\n\nssh-rsa BBBB you\n");
  expect((await guestConfigOf({ sshKey: [sshKey] }))?.ssh?.authorizedKeys).toEqual([
    "ssh-ed25519 AAAA me",
    "ssh-rsa BBBB you",
  ]);
});

test("a file of keys that is not there is GUEST_FILE", async () => {
  await expect(guestConfigOf({ sshKey: [join(directory, "none")] })).rejects.toMatchObject({
    code: "GUEST_FILE",
  });
});
