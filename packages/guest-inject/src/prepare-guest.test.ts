import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kernelModule, writeModules } from "../integration/module-fixtures.ts";
import { parseGuestConfig, type GuestConfigInput } from "./guest-config.ts";
import type { PreparedGuest } from "./guest-plan.ts";
import { prepareGuest } from "./prepare-guest.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-prepare-"));
  await writeFile(join(directory, "small"), "small");
  await writeFile(join(directory, "large"), Buffer.alloc(100_000, "large"));
  await writeModules(join(directory, "6.1.0-test"), { "kernel/a.ko": kernelModule() });
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function prepare(guest: GuestConfigInput, architecture = "amd64"): Promise<PreparedGuest> {
  return await prepareGuest(parseGuestConfig(guest, "guest.yaml"), {
    platform: { os: "linux", architecture },
  });
}

/** Everything that a person may ask for; paths of the host are looked up in `directory` now. */
function all(): GuestConfigInput {
  return {
    hostname: "guest",
    process: { env: { A: "1" }, cmd: ["a"] },
    files: [
      { host: join(directory, "small"), guest: "/small" },
      { host: join(directory, "large"), guest: "/large", mode: "0600" },
      { content: "text", guest: "/text" },
    ],
    modules: { directory: join(directory, "6.1.0-test"), load: ["a"] },
    services: [{ name: "a", command: ["/a"] }],
    agent: { vsock: 1 },
  };
}

test("what is prepared has our init for the platform, and everything of the host", async () => {
  const guest = await prepare(all());
  expect(guest.architecture).toBe("amd64");
  expect(Buffer.from(guest.init.subarray(0, 4)).toString("latin1")).toBe("\u007fELF");
  expect(guest.files.map(({ content }) => content.kind)).toEqual(["bytes", "host-file", "bytes"]);
  expect(guest.modules.load.map(({ path }) => path)).toEqual(["kernel/a.ko"]);
  expect((await prepare({}, "aarch64")).architecture).toBe("arm64");
});

test.for([
  ["linux", "riscv64"],
  ["windows", "amd64"],
  ["linux", "386"],
] as const)("there is no init for %s/%s", async ([os, architecture]) => {
  await expect(
    prepareGuest(parseGuestConfig({}, "x"), { platform: { os, architecture } }),
  ).rejects.toMatchObject({ code: "GUEST_ARCHITECTURE" });
});

test("the signal's reason ends it before anything is read", async () => {
  const reason = new Error("enough");
  const options = { platform: { os: "linux", architecture: "amd64" }, signal: AbortSignal.abort(reason) };
  await expect(prepareGuest(parseGuestConfig({}, "x"), options)).rejects.toBe(reason);
});

describe("the identity", () => {
  test("is the same for the same, and 64 hex digits", async () => {
    const { identity } = await prepare(all());
    expect(identity).toMatch(/^[0-9a-f]{64}$/);
    expect((await prepare(all())).identity).toBe(identity);
  });

  test("does not know where files of the host lie", async () => {
    const { identity } = await prepare(all());
    const before = directory;
    directory = `${before}-moved`;
    await rename(before, directory);
    expect((await prepare(all())).identity).toBe(identity);
  });

  test("does not know that content came from a file, nor the order of a document's keys", async () => {
    const inline: GuestConfigInput = {
      files: [{ content: "small", guest: "/a", mode: "0644" }],
      hostname: "x",
    };
    const fromFile = {
      hostname: "x",
      files: [{ host: join(directory, "small"), guest: "/a", mode: "0644" }],
    };
    expect((await prepare(inline)).identity).toBe((await prepare(fromFile)).identity);
  });

  test.for<[string, (guest: GuestConfigInput) => GuestConfigInput]>([
    ["a key", (guest) => ({ ...guest, hostname: "other" })],
    ["a key that was not there", (guest) => ({ ...guest, onExit: "reboot" })],
    ["a variable", (guest) => ({ ...guest, process: { ...guest.process, env: { A: "2" } } })],
    [
      "an argument that is split in two",
      (guest) => ({ ...guest, process: { ...guest.process, cmd: ["a", ""] } }),
    ],
    [
      "a file's content",
      (guest) => ({
        ...guest,
        files: [...(guest.files ?? []).slice(0, 2), { content: "Text", guest: "/text" }],
      }),
    ],
    [
      "a file's place",
      (guest) => ({
        ...guest,
        files: [...(guest.files ?? []).slice(0, 2), { content: "text", guest: "/other" }],
      }),
    ],
    [
      "a file's mode",
      (guest) => ({
        ...guest,
        files: [...(guest.files ?? []).slice(0, 2), { content: "text", guest: "/text", mode: "0600" }],
      }),
    ],
    [
      "a file's owner",
      (guest) => ({
        ...guest,
        files: [...(guest.files ?? []).slice(0, 2), { content: "text", guest: "/text", gid: 1 }],
      }),
    ],
    ["the order of files", (guest) => ({ ...guest, files: (guest.files ?? []).toReversed() })],
    ["no file", (guest) => ({ ...guest, files: [] })],
    ["no module", (guest) => ({ ...guest, modules: undefined })],
    ["a module that the image has itself", (guest) => ({ ...guest, modules: { load: ["a"] } })],
  ])("is another for %s", async ([, change]) => {
    expect((await prepare(change(all()))).identity).not.toBe((await prepare(all())).identity);
  });

  test("is another for another architecture, and for other bytes in a large file or a module", async () => {
    const known = new Set([
      (await prepare({})).identity,
      (await prepare({}, "arm64")).identity,
      (await prepare(all())).identity,
    ]);
    await writeFile(join(directory, "large"), Buffer.alloc(100_000, "Large"));
    known.add((await prepare(all())).identity);
    await writeModules(join(directory, "6.1.0-test"), { "kernel/a.ko": kernelModule({ softdep: "pre: a" }) });
    known.add((await prepare(all())).identity);
    expect(known.size).toBe(5);
  });
});
