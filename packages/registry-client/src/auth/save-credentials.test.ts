import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dockerConfigCredentials } from "./docker-config.ts";
import { removeCredentials, saveCredentials } from "./save-credentials.ts";

let home: string;
let config: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "save-credentials-"));
  config = join(home, ".docker/config.json");
});
afterEach(() => rm(home, { recursive: true }));

const login = { username: "u", secret: "hunter2" };
const auth = Buffer.from("u:hunter2").toString("base64");

function options(environment: Record<string, string> = {}) {
  const path = `${home}:${process.env["PATH"] ?? ""}`;
  return { environment: { PATH: path, HELPER_DIRECTORY: home, ...environment }, homeDirectory: home };
}

async function write(content: unknown): Promise<void> {
  await mkdir(join(home, ".docker"), { recursive: true });
  await writeFile(config, JSON.stringify(content), { mode: 0o644 });
}

async function read(path = config): Promise<unknown> {
  return JSON.parse(await readFile(path, "utf8"));
}

test("a login goes to docker's file, which its owner alone can read, and is found there", async () => {
  expect(await saveCredentials("r.example", login, options())).toBe(config);
  expect(await read()).toEqual({ auths: { "r.example": { auth } } });
  expect((await stat(config)).mode & 0o777).toBe(0o600);
  expect((await stat(join(home, ".docker"))).mode & 0o777).toBe(0o700);
  expect(await dockerConfigCredentials(options())("r.example", "a")).toMatchObject({ password: "hunter2" });
});

test("docker's own registry has the key that docker looks for, podman's file the plain one", async () => {
  await saveCredentials("docker.io", login, options());
  expect(await read()).toEqual({ auths: { "https://index.docker.io/v1/": { auth } } });
  const named = join(home, "named.json");
  await saveCredentials("docker.io", login, options({ REGISTRY_AUTH_FILE: named }));
  expect(await read(named)).toEqual({ auths: { "docker.io": { auth } } });
});

test("everything else in the file stays, whoever wrote it", async () => {
  const foreign = { HttpHeaders: { a: "b" }, plugins: { x: { y: 1 } }, detachKeys: "ctrl-e" };
  const others = { "quay.io": { auth: "b3RoZXI6eA==", email: "e@example" }, "r.example/team": { auth } };
  await write({ ...foreign, auths: { ...others, "http://r.example/v1/": { auth: "b2xkOng=" } } });
  await saveCredentials("r.example", login, options());
  expect(await read()).toEqual({ ...foreign, auths: { ...others, "r.example": { auth } } });
  expect(await removeCredentials("r.example", options())).toEqual([config]);
  expect(await read()).toEqual({ ...foreign, auths: others });
  expect(await removeCredentials("r.example", options())).toEqual([]);
});

test("a file behind a symlink is replaced where it is, and no temporary stays", async () => {
  const real = join(home, "dotfiles.json");
  await writeFile(real, "{}");
  await mkdir(join(home, ".docker"));
  await symlink(real, config);
  await saveCredentials("r.example", login, options());
  expect(await read(real)).toEqual({ auths: { "r.example": { auth } } });
  expect((await readdir(home)).toSorted()).toEqual([".docker", "dotfiles.json"]);
});

test.each(["{", "[]", '{"auths": 1}'])(
  "a file of %s is left as it is: REGISTRY_AUTH_CONFIG",
  async (text) => {
    await mkdir(join(home, ".docker"));
    await writeFile(config, text);
    for (const change of [
      () => saveCredentials("r", login, options()),
      () => removeCredentials("r", options()),
    ])
      await expect(change()).rejects.toMatchObject({ code: "REGISTRY_AUTH_CONFIG" });
    expect(await readFile(config, "utf8")).toBe(text);
  },
);

test("where a helper is named, it keeps the login, and the file has an empty entry as docker's has", async () => {
  const script = 'cat > "$HELPER_DIRECTORY/$1-$0.json"'.replace("$0", "input");
  const program = join(home, "docker-credential-test");
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  await write({ credHelpers: { "r.example": "test" } });
  expect(await saveCredentials("r.example", login, options())).toBe("docker-credential-test");
  expect(await read(join(home, "store-input.json"))).toMatchObject({ ServerURL: "r.example" });
  expect(await read()).toEqual({ credHelpers: { "r.example": "test" }, auths: { "r.example": {} } });
  expect(await readFile(config, "utf8")).not.toContain(auth);
  expect(await removeCredentials("r.example", options())).toEqual(["docker-credential-test", config]);
  expect(await readFile(join(home, "erase-input.json"), "utf8")).toBe("r.example");
});

test("a helper that fails to store leaves the file as it was", async () => {
  await write({ credsStore: "missing" });
  await expect(saveCredentials("r.example", login, options())).rejects.toMatchObject({
    code: "REGISTRY_CREDENTIAL_HELPER",
  });
  expect(await read()).toEqual({ credsStore: "missing" });
});
