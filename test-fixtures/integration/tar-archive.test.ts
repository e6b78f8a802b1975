import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, test as propertyTest } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { listTree, paxRecords, requireJudge, tarArchive, type TarEntry } from "../src/index.ts";
import { runTool } from "../src/judges/run-tool.ts";

const judge = requireJudge("tar");
const rootJudge = requireJudge("tar", "root", "python3");

/** One line an entry, as GNU tar reads it: mode, owner, size or device, time, name, target. */
async function listed(entries: readonly TarEntry[], options?: { endBlocks?: boolean }): Promise<string[]> {
  const args = [
    "--list",
    "--verbose",
    "--numeric-owner",
    "--full-time",
    "--quoting-style=escape",
    "--file=-",
  ];
  const lines = await runTool("tar", args, { input: tarArchive(entries, options) });
  return lines
    .split("\n")
    .slice(0, -1)
    .map((line) => line.replaceAll(/ +/g, " "));
}

describe.skipIf(judge.skip)(`archives, read by GNU tar${judge.reason}`, () => {
  test("each kind of entry has its type, mode, owner, time and target", async () => {
    const common = { uid: 1000, gid: 2000, mtime: 1_700_000_000 };
    expect(
      await listed([
        { ...common, name: "d/", type: "directory" },
        { ...common, name: "d/f", content: "hello", mode: 0o4755 },
        { ...common, name: "d/s", type: "symlink", linkTarget: "f" },
        { ...common, name: "d/h", type: "hardlink", linkTarget: "d/f" },
        { ...common, name: "d/c", type: "character-device", device: { major: 5, minor: 1 } },
        { ...common, name: "d/b", type: "block-device", device: { major: 259, minor: 70_000 } },
        { ...common, name: "d/p", type: "fifo" },
      ]),
    ).toEqual([
      "drwxr-xr-x 1000/2000 0 2023-11-14 22:13:20 d/",
      "-rwsr-xr-x 1000/2000 5 2023-11-14 22:13:20 d/f",
      "lrwxrwxrwx 1000/2000 0 2023-11-14 22:13:20 d/s -> f",
      "hrw-r--r-- 1000/2000 0 2023-11-14 22:13:20 d/h link to d/f",
      "crw-r--r-- 1000/2000 5,1 2023-11-14 22:13:20 d/c",
      "brw-r--r-- 1000/2000 259,70000 2023-11-14 22:13:20 d/b",
      "prw-r--r-- 1000/2000 0 2023-11-14 22:13:20 d/p",
    ]);
  });

  test("numbers beyond octal, and negative ones, survive", async () => {
    expect(await listed([{ name: "f", uid: 4_294_967_294, gid: 2 ** 21, mtime: -1 }])).toEqual([
      "-rw-r--r-- 4294967294/2097152 0 1969-12-31 23:59:59 f",
    ]);
  });

  test("PAX records win over the header", async () => {
    expect(await listed([{ name: "f", pax: { path: "g", uid: "7", mtime: "12.5" } }])).toEqual([
      "-rw-r--r-- 7/0 0 1970-01-01 00:00:12.5 g",
    ]);
  });

  test("a raw typeflag with PAX records as its content is a global header", async () => {
    const entries = [{ name: "g", type: "g", content: paxRecords({ uid: "9" }) }, { name: "f" }];
    expect(await listed(entries)).toEqual(["-rw-r--r-- 9/0 0 1970-01-01 00:00:00 f"]);
  });

  test("an archive without end blocks holds the same entries", async () => {
    expect(await listed([{ name: "f", content: "x" }], { endBlocks: false })).toHaveLength(1);
  });

  test("a claimed size that is a lie is written as it is", async () => {
    await expect(listed([{ name: "f", content: "x", size: 100_000 }])).rejects.toThrow("Unexpected EOF");
  });

  const component = fc.stringMatching(/^[a-z]{1,120}$/);
  const name = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  propertyTest.prop(
    [fc.array(fc.record({ name, format: fc.constantFrom("ustar", "gnu") }), { maxLength: 5 }), name],
    {
      numRuns: 20,
    },
  )("names and targets of every length survive in both formats", async (files, linkTarget) => {
    const links = files.map(({ format }, index) => ({
      name: `l${index}`,
      type: "symlink",
      linkTarget,
      format,
    }));
    const lines = await listed([...files, ...links]);
    expect(lines.map((line) => line.split(" ").slice(5).join(" "))).toEqual([
      ...files.map(({ name }) => name),
      ...links.map(({ name }) => `${name} -> ${linkTarget}`),
    ]);
  });
});

describe.skipIf(rootJudge.skip)(`archives, extracted by GNU tar${rootJudge.reason}`, () => {
  test("names that are not UTF-8 and xattrs of any bytes survive", async () => {
    const directory = await mkdtemp(join(tmpdir(), "bootlayer-test-"));
    const archive = tarArchive([
      {
        name: Buffer.from("b\xff\nd", "latin1"),
        pax: { "SCHILY.xattr.user.x": Buffer.from([0, 0x80, 0xff, 10]) },
      },
    ]);
    await writeFile(join(directory, "archive"), archive);
    await runTool("tar", ["-xf", "archive", "--xattrs", "--xattrs-include=*"], { cwd: directory });
    const entry = (await listTree(directory)).get("/b\xff\nd");
    expect(entry?.xattrs).toEqual(new Map([["user.x", "0080ff0a"]]));
    await rm(directory, { recursive: true });
  });
});
