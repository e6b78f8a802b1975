import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
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
