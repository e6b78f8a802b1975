import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findCredentials } from "./auth-file.ts";
import { dockerConfigCredentials } from "./docker-config.ts";

function login(username: string, password = "secret") {
  return { auth: Buffer.from(`${username}:${password}`).toString("base64") };
}

function userOf(auths: Parameters<typeof findCredentials>[0], registry: string, repository: string) {
  const credentials = findCredentials(auths, registry, repository);
  return credentials?.kind === "password" ? credentials.username : undefined;
}

describe("the entry for a repository", () => {
  const auths = { "quay.io": login("host"), "quay.io/a": login("a"), "quay.io/a/b": login("ab") };

  test.each([
    ["a/b", "ab"],
    ["a/b/c", "ab"],
    ["a/c", "a"],
    ["a", "a"],
    ["ab/c", "host"],
    ["z", "host"],
  ])("of quay.io/%s is that of the longest prefix, cut at slashes: %s", (repository, user) => {
    expect(userOf(auths, "quay.io", repository)).toBe(user);
  });

  test("is of no other registry, also not of another port", () => {
    expect(userOf(auths, "quay.io:443", "a")).toBeUndefined();
    expect(userOf({ "quay.io:443": login("x") }, "quay.io", "a")).toBeUndefined();
    expect(userOf(auths, "evil-quay.io", "a")).toBeUndefined();
  });

  test.each([
    "https://index.docker.io/v1/",
    "index.docker.io/v1/",
    "index.docker.io",
    "docker.io",
    "https://index.docker.io/v2",
  ])("of docker.io is found under %s", (key) => {
    expect(userOf({ [key]: login("hub") }, "docker.io", "library/alpine")).toBe("hub");
  });

  test.each([
    "https://r.example",
    "http://r.example/v1/",
    "https://r.example/some/path",
    "r.example/",
    "R.example",
  ])("is found under the key %s", (key) => {
    expect(userOf({ [key]: login("x") }, "r.example", "a/b")).toBe("x");
  });

  test("is the plain key rather than the old URL", () => {
    const both = { "https://r.example/v1/": login("old"), "r.example": login("new") };
    expect(userOf(both, "r.example", "a")).toBe("new");
  });

  test("passes over the empty one that a credential store leaves", () => {
    expect(findCredentials({ "quay.io/a": {}, "quay.io": login("host") }, "quay.io", "a")).toMatchObject({
      username: "host",
    });
  });
});

describe("an entry", () => {
  test.each([
    ["user and password", login("u", "p:q"), { kind: "password", username: "u", password: "p:q" }],
    [
      "members of their own",
      { username: "u", password: "p" },
      { kind: "password", username: "u", password: "p" },
    ],
    ["a padded password", login("u", "p\0\0"), { kind: "password", username: "u", password: "p" }],
    [
      "an identity token",
      { ...login("00000000-0000-0000-0000-000000000000", ""), identitytoken: "t" },
      { kind: "identity-token", username: "00000000-0000-0000-0000-000000000000", token: "t" },
    ],
    ["the user <token>", login("<token>", "t"), { kind: "identity-token", username: "", token: "t" }],
    ["a registry token", { registrytoken: "t" }, { kind: "registry-token", token: "t" }],
  ])("with %s is read", (_, entry, expected) => {
    expect(findCredentials({ "r.example": entry }, "r.example", "a")).toEqual(expected);
  });

  test("without a colon is as if absent", () => {
    expect(findCredentials({ "r.example": { auth: "AAAA" } }, "r.example", "a")).toBeUndefined();
  });
});

describe("the files", () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "docker-config-"));
  });
  afterEach(() => rm(home, { recursive: true }));

  async function write(path: string, content: unknown): Promise<string> {
    const file = join(home, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
    return file;
  }
  const find = (environment: Record<string, string>) =>
    dockerConfigCredentials({ environment, homeDirectory: home })("r.example", "a");

  test("are looked through in their order, the first with an entry counts", async () => {
    const environment = {
      REGISTRY_AUTH_FILE: join(home, "named.json"),
      XDG_RUNTIME_DIR: join(home, "run"),
      XDG_CONFIG_HOME: join(home, "config"),
    };
    expect(await find(environment)).toBeUndefined();
    for (const path of [
      "config/containers/auth.json",
      "run/containers/auth.json",
      ".docker/config.json",
      "named.json",
    ]) {
      await write(path, { auths: { "r.example": login(path) }, credsStore: "desktop" });
      expect(await find(environment)).toMatchObject({ username: path });
    }
  });

  test("that are named by a flag count before all others", async () => {
    const authFile = await write("flag.json", { auths: { "r.example": login("flag") } });
    const named = await write("named.json", { auths: { "r.example": login("named") } });
    const environment = { REGISTRY_AUTH_FILE: named };
    const source = dockerConfigCredentials({ environment, homeDirectory: home, authFile });
    expect(await source("r.example", "a")).toMatchObject({ username: "flag" });
  });

  /** A helper whose user name is its own and the server's that it was asked for. */
  async function helper(name: string, knows: string): Promise<void> {
    const known = `echo '{"Username":"${name} for ${knows}","Secret":"s"}'`;
    const unknown = "echo credentials not found in native keychain; exit 1";
    const script = `#!/bin/sh\nread server\n[ "$server" = "${knows}" ] && ${known} || { ${unknown}; }\n`;
    await chmod(await write(`bin/docker-credential-${name}`, script), 0o755);
  }
  const findWithHelpers = (registry: string) => {
    const environment = { PATH: `${join(home, "bin")}:${process.env["PATH"] ?? ""}` };
    return dockerConfigCredentials({ environment, homeDirectory: home })(registry, "a");
  };

  test("have the registry's own helper first, then their entries, then the helper of all", async () => {
    await helper("own", "r.example");
    await helper("all", "r.example");
    const file = { credHelpers: { "r.example": "own" }, credsStore: "all" };
    const auths = { "r.example": login("entry") };
    await write(".docker/config.json", { ...file, auths });
    expect(await findWithHelpers("r.example")).toMatchObject({ username: "own for r.example" });
    await helper("own", "elsewhere");
    expect(await findWithHelpers("r.example")).toMatchObject({ username: "entry" });
    await write(".docker/config.json", { ...file, auths: { "r.example": {} } });
    expect(await findWithHelpers("r.example")).toMatchObject({ username: "all for r.example" });
    await helper("all", "elsewhere");
    expect(await findWithHelpers("r.example")).toBeUndefined();
  });

  test.each(["https://index.docker.io/v1/", "docker.io"])(
    "ask a helper for Docker Hub as %s",
    async (server) => {
      await helper("all", server);
      await write(".docker/config.json", { credsStore: "all" });
      expect(await findWithHelpers("docker.io")).toMatchObject({ username: `all for ${server}` });
    },
  );

  test("DOCKER_CONFIG names the directory of docker's file", async () => {
    await write("elsewhere/config.json", { auths: { "r.example": login("u") } });
    expect(await find({ DOCKER_CONFIG: join(home, "elsewhere") })).toMatchObject({ username: "u" });
  });

  test("may be without auths", async () => {
    await write(".docker/config.json", { HttpHeaders: {} });
    expect(await find({})).toBeUndefined();
  });

  test.each([
    ["no JSON", '{"auths": {"r.example": {"auth": "c2VjcmV0"'],
    ["auths of another type", { auths: ["c2VjcmV0"] }],
    ["an entry of another type", { auths: { "r.example": "c2VjcmV0" } }],
    ["a file of more than 1 MiB", "c2VjcmV0".repeat(2 ** 18)],
  ])("with %s are REGISTRY_AUTH_CONFIG, which names the file and none of its content", async (_, content) => {
    const path = await write(".docker/config.json", content);
    const error: unknown = await find({}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "REGISTRY_AUTH_CONFIG", message: expect.stringContaining(path) });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("c2VjcmV0");
  });

  test("that cannot be read are REGISTRY_AUTH_CONFIG", async () => {
    await mkdir(join(home, ".docker/config.json"), { recursive: true });
    await expect(find({})).rejects.toMatchObject({ code: "REGISTRY_AUTH_CONFIG" });
  });
});
