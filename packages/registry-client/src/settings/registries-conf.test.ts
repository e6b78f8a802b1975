import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, onTestFinished } from "vitest";
import { RegistryError } from "../errors.ts";
import { readRegistriesConf, registriesRoute } from "./registries-conf.ts";
import { parseRegistriesConf } from "./registries-tables.ts";

function route(text: string, registry: string, repository: string) {
  return registriesRoute(parseRegistriesConf("registries.conf", text), registry, repository);
}

/** Where a route leads, one line each. */
function places(text: string, registry: string, repository: string) {
  const found = route(text, registry, repository);
  const lines = (endpoints: NonNullable<typeof found>["origins"]) =>
    endpoints.map(({ api, repository: name }) => `${api.href}${name}`);
  return found && { mirrors: lines(found.mirrors), origins: lines(found.origins) };
}

describe("the table with the longest prefix counts", () => {
  const text = `
    [[registry]]
    prefix = "r.example"
    location = "one.example"
    [[registry]]
    prefix = "r.example/team"
    location = "two.example/moved"
    [[registry]]
    prefix = "*.wild.example"
    location = "three.example"
  `;
  test.each([
    ["r.example", "x", "https://one.example/v2/x"],
    ["r.example", "team/x", "https://two.example/v2/moved/x"],
    ["r.example", "team", "https://two.example/v2/moved"],
    ["r.example", "teams/x", "https://one.example/v2/teams/x"],
    ["a.b.wild.example", "x", "https://three.example/v2/x"],
  ])("%s/%s is asked for at %s", (registry, repository, expected) => {
    expect(places(text, registry, repository)).toEqual({ mirrors: [], origins: [expected] });
  });

  test.each([
    ["r.example:5000", "x"],
    ["other.example", "x"],
    ["wild.example", "x"],
    ["notwild.example", "x"],
    ["x.example", "a.wild.example"],
  ])("%s/%s is covered by none", (registry, repository) => {
    expect(route(text, registry, repository)).toBeUndefined();
  });
});

test("a mirror has the rest of the name behind its own location", () => {
  const text = `
    [[registry]]
    location = "docker.io"
    [[registry.mirror]]
    location = "m.example/hub"
    [[registry.mirror]]
    location = "docker.io/copies"
  `;
  expect(places(text, "docker.io", "library/alpine")).toEqual({
    mirrors: [
      "https://m.example/v2/hub/library/alpine",
      "https://registry-1.docker.io/v2/copies/library/alpine",
    ],
    origins: [],
  });
});

test("insecure is TLS with any certificate, or else none at all", () => {
  const text = '[[registry]]\nlocation = "r.example"\ninsecure = true';
  expect(route(text, "r.example", "a")?.origins).toMatchObject([
    { api: new URL("https://r.example/v2/"), tls: { skipVerify: true } },
    { api: new URL("http://r.example/v2/") },
  ]);
});

test("a blocked repository names the file that says so", () => {
  const text = '[[registry]]\nprefix = "r.example/bad"\nblocked = true';
  expect(route(text, "r.example", "bad/x")?.blockedBy).toBe("registries.conf");
  expect(route(text, "r.example", "good")).toBeUndefined();
});

test.each([
  ["", { digests: true, tags: false }],
  ['pull-from-mirror = "all"', { digests: true, tags: true }],
  ['pull-from-mirror = "digest-only"', { digests: true, tags: false }],
  ['pull-from-mirror = "tag-only"', { digests: false, tags: true }],
])("a mirror with %j gives %j", (line, expected) => {
  const text = `[[registry]]\nlocation = "r"\n[[registry.mirror]]\nlocation = "m"\n${line}`;
  expect(route(text, "r", "a")?.mirrors[0]).toMatchObject(expected);
});

function table(prefix: string, location: string): string {
  return `[[registry]]\nprefix = "${prefix}"\nlocation = "${location}"\n`;
}

test("a drop-in replaces tables of the same prefix, the last by name counts, other tables stay", async () => {
  const directory = await mkdtemp(join(tmpdir(), "registries-conf-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, "d"));
  await writeFile(join(directory, "main"), table("a", "main") + table("b", "main"));
  await writeFile(join(directory, "d/2.conf"), table("a", "second"));
  await writeFile(join(directory, "d/1.conf"), table("a", "first"));
  await writeFile(join(directory, "d/3.txt"), table("a", "other"));
  const tables = await readRegistriesConf(join(directory, "main"), [join(directory, "d"), "/nowhere"]);
  expect(tables.map(({ prefix, location }) => [prefix, location])).toEqual([
    ["a", "second"],
    ["b", "main"],
  ]);
});

test("what concerns short names is passed over", () => {
  const text =
    'unqualified-search-registries = ["docker.io"]\nshort-name-mode = "enforcing"\n[aliases]\na = "b/c"';
  expect(parseRegistriesConf("f", text)).toEqual([]);
});

test.each([
  ["no TOML", "[[registry"],
  ["a table without a place", "[[registry]]\nblocked = true"],
  ["a place that is a URL", '[[registry]]\nlocation = "https://r.example"'],
  ["a place with a user", '[[registry]]\nlocation = "u:p@r.example"'],
  ["a place that leads out", '[[registry]]\nlocation = "r.example/../x"'],
  ["a mirror that is a wildcard", '[[registry]]\nlocation = "r"\n[[registry.mirror]]\nlocation = "*.m"'],
  [
    "a word that is none",
    '[[registry]]\nlocation = "r"\n[[registry.mirror]]\nlocation = "m"\npull-from-mirror = "some"',
  ],
  [
    "both ways of saying what a mirror is for",
    '[[registry]]\nlocation = "r"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "m"\npull-from-mirror = "all"',
  ],
])("%s is REGISTRY_SETTINGS", (_, text) => {
  expect(() => parseRegistriesConf("f", text)).toThrow(
    expect.objectContaining({ code: "REGISTRY_SETTINGS" }),
  );
});

const words = fc.constantFrom(
  "[[registry]]",
  "\n",
  "prefix",
  "location",
  "=",
  '"*.a"',
  '"r/b"',
  "true",
  "[",
  "mirror",
);
test.prop([
  fc.oneof(
    fc.string(),
    fc.array(words).map((parts) => parts.join("")),
  ),
])("whatever the file holds, there are tables or a typed error", (text) => {
  try {
    registriesRoute(parseRegistriesConf("f", text), "r", "b/c");
  } catch (error) {
    expect(error).toBeInstanceOf(RegistryError);
  }
});
