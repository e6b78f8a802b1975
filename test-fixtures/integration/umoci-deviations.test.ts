import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  compareTrees,
  explainUmociDifference,
  image,
  layerBlob,
  listTree,
  paxRecords,
  randomLayers,
  requireJudge,
  tarArchive,
  umociUnpack,
  withChecksum,
  writeLayout,
  type TarEntry,
  type TreeDifference,
  type TreeListing,
} from "../src/index.ts";

const judge = requireJudge("root", "umoci", "python3");
const directory = "directory";

function xattrDifference(actual: string): TreeDifference {
  return { path: "/f", field: "xattrs", expected: "user.set=78", actual };
}

describe.skipIf(judge.skip)(`umoci${judge.reason}`, () => {
  let parent = "";
  let count = 0;
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), "bootlayer-test-"));
  });
  afterAll(async () => {
    await rm(parent, { recursive: true });
  });

  async function unpacked(...layers: readonly (readonly TarEntry[])[]): Promise<TreeListing> {
    return await unpackedArchives(layers.map((entries) => tarArchive(entries)));
  }

  async function unpackedArchives(archives: readonly Buffer[]): Promise<TreeListing> {
    count += 1;
    const layout = join(parent, `layout${count}`);
    await writeLayout(layout, {
      one: image(archives.map((archive) => layerBlob(archive, "none"))),
    });
    return await listTree(await umociUnpack(layout, "one", join(parent, `bundle${count}`)));
  }

  test("the clock's time stays on implied directories, and on hidden ones that a later marker empties", async () => {
    const started = BigInt(Date.now()) * 1_000_000n;
    const lower = [
      { name: "d/", type: directory },
      { name: "d/s/", type: directory },
      { name: "d/s/old" },
      { name: "i/f" },
    ];
    const upper = [
      { name: "d/", type: directory },
      { name: "d/s/", type: directory },
      { name: "d/s/new" },
      { name: ".wh.d" },
    ];
    const listing = await unpacked(lower, upper);
    expect([...listing.keys()]).toEqual(["/", "/d", "/d/s", "/d/s/new", "/i", "/i/f"]);
    const late = [...listing].filter(([, { mtime }]) => mtime > started).map(([path]) => path);
    expect(late).toEqual(["/", "/d/s", "/i"]);
    const ours: TreeListing = new Map(
      [...listing].map(([path, entry]) => [
        path,
        { ...entry, mtime: entry.mtime > started ? 0n : entry.mtime },
      ]),
    );
    const differences = compareTrees(listing, ours);
    expect(differences.map((difference) => explainUmociDifference(difference, started))).toEqual(
      late.map(() => "clock-time"),
    );
  });

  test("some xattrs are never set, and empty ones are lost", async () => {
    const pax = {
      "SCHILY.xattr.security.selinux": "label",
      "SCHILY.xattr.user.empty": "",
      "SCHILY.xattr.user.set": "x",
    };
    const listing = await unpacked([{ name: "f", pax }]);
    expect(listing.get("/f")?.xattrs).toEqual(new Map([["user.set", "78"]]));
    expect(explainUmociDifference(xattrDifference("security.selinux=00 user.set=78"), 0n)).toBe(
      "ignored-xattr",
    );
    expect(explainUmociDifference(xattrDifference("user.empty= user.set=78"), 0n)).toBe("empty-xattr");
    expect(explainUmociDifference(xattrDifference("user.other=01 user.set=78"), 0n)).toBeUndefined();
    expect(explainUmociDifference(xattrDifference("user.set=79"), 0n)).toBeUndefined();
  });

  test("a whiteout after an entry below its directory leaves the lower attributes, before it does not", async () => {
    const lower = [{ name: "d/", type: directory, mode: 0o700, uid: 5 }, { name: "d/old" }];
    const after = await unpacked(lower, [{ name: "d/new" }, { name: ".wh.d" }]);
    expect(after.get("/d")).toMatchObject({ mode: 0o700, uid: 5 });
    const before = await unpacked(lower, [{ name: ".wh.d" }, { name: "d/new" }]);
    expect(before.get("/d")).toMatchObject({ mode: 0o755, uid: 0 });
  });

  test("an implied directory takes group and setgid from the directory above", async () => {
    const listing = await unpacked([
      { name: "d/", type: directory, mode: 0o2755, gid: 7 },
      { name: "d/i/f" },
    ]);
    expect(listing.get("/d/i")).toMatchObject({ mode: 0o2755, gid: 7 });
  });

  test("aufs's own directories are unpacked, .. is cut off, LIBARCHIVE xattrs are not read", async () => {
    const listing = await unpacked([
      { name: ".wh..wh.plnk/1" },
      { name: "../f", pax: { "LIBARCHIVE.xattr.user.a": "AQID" } },
    ]);
    expect([...listing.keys()]).toEqual(["/", "/.wh..wh.plnk", "/.wh..wh.plnk/1", "/f"]);
    expect(listing.get("/f")?.xattrs.size).toBe(0);
  });

  test.for([
    ["a contiguous file", "unknown typeflag", [[{ name: "f", type: "7" }]]],
    [
      "a global header",
      "unknown typeflag",
      [[{ name: "g", type: "g", content: paxRecords({ comment: "x" }) }]],
    ],
    [
      "a link to a later name",
      "no such file",
      [[{ name: "l", type: "hardlink", linkTarget: "f" }, { name: "f" }]],
    ],
    ["a link to a directory", "not permitted", [[{ name: "l", type: "hardlink", linkTarget: "/" }]]],
    ["a link to itself", "no such file", [[{ name: "f" }, { name: "f", type: "hardlink", linkTarget: "f" }]]],
    ["an entry below a file", "not a directory", [[{ name: "f" }], [{ name: "f/x" }]]],
    ["a whiteout of nothing", "no such file", [[{ name: "d/f" }], [{ name: "d/.wh." }]]],
    ["a whiteout of .", "no such file", [[{ name: "d/f" }], [{ name: "d/.wh.." }]]],
    [
      "a loop of symbolic links",
      "too many levels",
      [[{ name: "s", type: "symlink", linkTarget: "s" }, { name: "s/f" }]],
    ],
  ] as const)("%s is refused", async ([, complaint, layers]) => {
    await expect(unpacked(...layers)).rejects.toThrow(complaint);
  });

  test("an old GNU sparse file is refused", async () => {
    const archive = tarArchive([{ name: "f", type: "S", format: "gnu", content: "x" }]);
    // One segment: offset 0, one byte; real size 1 (GNU tar manual, "struct oldgnu_header").
    const fields = [
      [386, "0"],
      [398, "1"],
      [483, "1"],
    ] as const;
    for (const [offset, digits] of fields) archive.write(`${digits.padStart(11, "0")}\0`, offset, "latin1");
    withChecksum(archive.subarray(0, 512));
    await expect(unpackedArchives([archive])).rejects.toThrow("unknown typeflag");
  });

  test(
    "most random stacks are unpacked, and together they hold every kind of entry",
    { timeout: 120_000 },
    async () => {
      const stacks = fc.sample(randomLayers, { seed: 1, numRuns: 40 });
      const refusals: string[] = [];
      for (const stack of stacks)
        await unpacked(...stack).catch((error: unknown) => refusals.push(String(error)));
      expect(refusals.length).toBeLessThan(10);
      const entries = stacks.flat(2);
      const names = entries.map(({ name }) => Buffer.from(name).toString("latin1"));
      expect(new Set(entries.map(({ type = "file" }) => type))).toEqual(
        new Set(["file", directory, "symlink", "hardlink", "character-device", "block-device", "fifo"]),
      );
      for (const part of ["/.wh..wh..opq", ".wh.a", "\xff\xe9", "two\nlines", "./", "GNUSparseFile"])
        expect(names.filter((name) => name.includes(part))).not.toEqual([]);
    },
  );
});
