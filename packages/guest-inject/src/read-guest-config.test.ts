import { fc, test as property } from "@fast-check/vitest";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GuestError } from "./errors.ts";
import type { GuestConfig } from "./guest-config.ts";
import { readGuestConfig } from "./read-guest-config.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-guest-config-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function read(text: string | Uint8Array): Promise<GuestConfig> {
  const path = join(directory, "guest.yaml");
  await writeFile(path, text);
  return await readGuestConfig(path);
}

test("YAML, with paths from the file's directory", async () => {
  const config = await read(`
# what a person writes
hostname: guest
process: {env: {PORT: "8080"}}
files:
  - {host: ./agent, guest: /usr/bin/agent, mode: "0755"}
  - {host: /abs, guest: /abs}
  - {content: "x", guest: /x}
modules: {directory: lib/modules/6.1, load: [vsock]}
`);
  expect(config).toMatchObject({
    hostname: "guest",
    process: { env: { PORT: "8080" } },
    files: [{ host: join(directory, "agent") }, { host: "/abs" }, { content: "x" }],
    modules: { directory: join(directory, "lib/modules/6.1"), load: ["vsock"] },
  });
});

test.for([
  ["", "nothing"],
  ["# only a comment\n", "a comment"],
  ["{}", "an empty object"],
  ["\uFEFFversion: 1\n", "a byte order mark"],
  ["---\nversion: 1\n...\n", "the marks of one document"],
])("%j is a configuration: %s", async ([text = ""]) => {
  expect((await read(text)).version).toBe(1);
});

test("JSON, indented by tabs as by spaces", async () => {
  const json = { hostname: "guest", process: { env: { A: '\u2028 \\ " \t \ud83d\ude00' } }, hosts: [] };
  for (const indent of [0, 2, "\t"])
    expect(await read(JSON.stringify(json, null, indent))).toMatchObject(json);
});

test.for([
  ["an unknown key", "hostnam: a", /guest\.yaml: .*hostnam/s],
  ["an unknown key below", "process:\n  usr: a", /usr/],
  [
    "a wrong value, by its place",
    "files:\n  - {guest: /a, content: x}\n  - {guest: b, content: x}",
    /files\[1\]\.guest/,
  ],
  ["a number where text is meant", "process: {env: {PORT: 8080}}", /process\.env\.PORT/],
  ["a key that is there twice", "hostname: a\nversion: 1\nhostname: b", /line 3: .*unique/],
  ["a key that is there twice in JSON", '{"hostname": "a",\n"hostname": "b"}', /line 2: .*unique/],
  ["two documents", "version: 1\n---\nversion: 1", /documents/],
  ["a list", "- a", /guest\.yaml/],
  ["text", "hello", /guest\.yaml/],
  ["a bracket that is not closed", "hosts: [\nfiles: {", /line \d/],
  ["a tab as indentation", "process:\n\tuser: a", /line 2/],
  ["an alias of nothing", "hostname: *a", /\*a|alias/i],
  ["a tag of a programming language", "hostname: !!python/object/apply:os.system [x]", /tag/i],
  ["a merge key, which YAML 1.2 does not have", "process: &p {user: a}\n<<: *p", /<</],
  ["a key of JavaScript's", '{"__proto__": {"hostname": "a"}}', /__proto__/],
  ["a key that is a list", "? [a]\n: b", /guest\.yaml/],
  ["nesting", `hosts: ${"[".repeat(50)}${"]".repeat(50)}`, /nested deeper/],
  ["nesting in one line", `${"- ".repeat(5000)}a`, /nested deeper/],
] as const)("%s is GUEST_CONFIG, with its place", async ([, text, message]) => {
  await expect(read(text)).rejects.toMatchObject({
    code: "GUEST_CONFIG",
    message: expect.stringMatching(message) as string,
  });
});

test("aliases that multiply are refused before they do", async () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 10; level++)
    lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ")}]`);
  await expect(read(lines.join("\n"))).rejects.toMatchObject({
    code: "GUEST_CONFIG",
    message: expect.stringContaining("alias count") as string,
  });
});

test("64 KiB are read, and not a byte more", async () => {
  const text = "version: 1\n#";
  const longest = text.padEnd(2 ** 16, "x");
  expect((await read(longest)).version).toBe(1);
  await expect(read(`${longest}x`)).rejects.toMatchObject({
    code: "GUEST_CONFIG",
    message: expect.stringContaining("is over 65536 bytes") as string,
  });
});

test("what is not UTF-8 is GUEST_CONFIG", async () => {
  await expect(read(Buffer.of(0x61, 0x3a, 0x20, 0xff))).rejects.toMatchObject({ code: "GUEST_CONFIG" });
});

test.for(["missing", ".", "a\0b"])("%j, which cannot be read, is GUEST_FILE", async (name) => {
  await expect(readGuestConfig(`${directory}/${name}`)).rejects.toMatchObject({ code: "GUEST_FILE" });
});

property.prop([
  fc.oneof(
    fc.string({ maxLength: 200 }),
    fc
      .array(
        fc.constantFrom(
          "a",
          ":",
          " ",
          "-",
          "[",
          "{",
          "}",
          "]",
          "\n",
          "&a",
          "*a",
          "!",
          "|",
          ">",
          "'",
          '"',
          "?",
          ",",
        ),
        { maxLength: 60 },
      )
      .map((parts) => parts.join("")),
    fc.json(),
  ),
])("any text is a configuration or GUEST_CONFIG", async (text) => {
  try {
    expect((await read(text)).version).toBe(1);
  } catch (error) {
    expect(error).toBeInstanceOf(GuestError);
    expect(error).toMatchObject({ code: "GUEST_CONFIG" });
  }
});
