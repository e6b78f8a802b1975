import { execFile, execFileSync } from "node:child_process";
import {
  appendFile,
  chmod,
  chown,
  link,
  lutimes,
  mkdir,
  mkdtemp,
  open,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { createReadStream } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  compareTrees,
  e2fsck,
  formatDifferences,
  listTree,
  requireJudge,
  tarArchive,
  withMount,
  type TreeListing,
} from "@bootlayer/test-fixtures";
import { parseLayerLimits } from "@bootlayer/layer-flattener";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildDisk, inspectImage, listFiles, type BuildRequest, type BuildResult } from "../src/index.ts";
import { readRootfsLayer } from "../src/sources/open-rootfs.ts";
import { rootfsArchive } from "../src/sources/rootfs-archive.ts";
import { snapshotRootfs } from "../src/sources/rootfs-snapshot.ts";

const run = promisify(execFile);
const judge = requireJudge("root", "mount", "e2fsck", "python3", "setfattr", "getfattr", "mknod");

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-rootfs-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(directory, "root-"));
});

async function build(
  source: string,
  options: Partial<BuildRequest> = {},
  input?: AsyncIterable<Uint8Array>,
): Promise<BuildResult> {
  return await buildDisk(
    { source, output: join(directory, "disk"), platform: "linux/amd64", ...options },
    { store: join(directory, "store"), input },
  );
}

/** What the kernel shows of a disk, without what the file system has of its own. */
async function mounted(disk: string): Promise<TreeListing> {
  await e2fsck(disk);
  const listing = await withMount(disk, { type: "ext4" }, listTree);
  listing.delete("/lost+found");
  return listing;
}

function expectSame(expected: TreeListing, actual: TreeListing): void {
  expect(formatDifferences(compareTrees(expected, actual))).toBe("");
}

/** One of each that a directory can hold. */
async function populate(): Promise<void> {
  await mkdir(join(root, "d/deep/er"), { recursive: true });
  await writeFile(join(root, "d/small"), "small");
  await writeFile(join(root, "empty"), "");
  await writeFile(join(root, "large"), Buffer.alloc(3_000_000, "large "));
  await writeFile(join(root, "just"), Buffer.alloc(64 * 1024, 1));
  await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe, 0x0a, 0x5c])]), "no text");
  await writeFile(join(root, `d/${"n".repeat(255)}`), "long name");
  await link(join(root, "d/small"), join(root, "a-second-name"));
  await symlink("d/small", join(root, "s"));
  await symlink(`/${"nowhere/".repeat(30)}`, join(root, "far"));
  await link(join(root, "s"), join(root, "s2"));
  for (const [name, ...kind] of [
    ["chr", "c", "5", "1"],
    ["blk", "b", "259", "70000"],
    ["fifo", "p"],
  ] as const)
    execFileSync("mknod", [join(root, name), ...kind]);
  const sparse = await open(join(root, "sparse"), "w");
  await sparse.write("data", 1_000_000);
  await sparse.truncate(5_000_000);
  await sparse.close();
  await truncate(join(root, "empty"), 0);
  await writeFile(join(root, "hole"), "");
  await truncate(join(root, "hole"), 100_000);
  await chown(join(root, "d"), 70_000, 4_294_000_000);
  await chown(join(root, "d/small"), 1000, 1000);
  await chmod(join(root, "d/small"), 0o6755);
  await chmod(join(root, "d/deep"), 0o1777);
  await chmod(join(root, "large"), 0o000);
  execFileSync("setfattr", ["-n", "user.key", "-v", "0x00ff0a3d", join(root, "d/small")]);
  execFileSync("setfattr", ["-n", "user.a=b\n", "-v", "odd", join(root, "d")]);
  execFileSync("setfattr", [
    "-n",
    "security.capability",
    "-v",
    "0x0100000200040000000000000000000000000000",
    join(root, "just"),
  ]);
  execFileSync("setfattr", ["-h", "-n", "trusted.link", "-v", "x", join(root, "far")]);
  await utimes(join(root, "empty"), 0, -1.5);
  await lutimes(join(root, "s"), 1, 1_700_000_000.123);
  await utimes(join(root, "large"), 1, 5_000_000_000);
  await utimes(root, 1, 1_000_000_000.5);
}

describe.skipIf(judge.skip)(`a directory as an image${judge.reason}`, () => {
  test("is on the disk entry by entry what it was", async () => {
    await populate();
    const result = await build(`rootfs:${root}`);
    expect(result.warnings).toEqual([]);
    expectSame(await listTree(root), await mounted(result.output));
    const { stdout } = await run("debugfs", ["-R", "stat /hole", result.output]);
    expect(stdout).toMatch(/Blockcount: 0\b/);
  });

  test("makes the same disk again, which then comes from the cache; a change makes another", async () => {
    await populate();
    const first = await build(`rootfs:${root}`, { sha256: true });
    const again = await build(`rootfs:${root}/.`, { sha256: true });
    expect([first.cached, again.cached]).toEqual([false, true]);
    expect(again).toMatchObject({ key: first.key, digest: first.digest, sha256: first.sha256 });
    const fresh = await build(`rootfs:${root}`, { sha256: true, cache: false });
    expect(fresh.sha256).toBe(first.sha256);
    // Neither size nor modification time tell of it.
    const { mtimeNs } = await stat(join(root, "just"), { bigint: true });
    await writeFile(join(root, "just"), Buffer.alloc(64 * 1024, 2));
    await run("touch", [
      "-d",
      `@${mtimeNs / 1_000_000_000n}.${String(mtimeNs % 1_000_000_000n).padStart(9, "0")}`,
      join(root, "just"),
    ]);
    const changed = await build(`rootfs:${root}`);
    expect(changed.cached).toBe(false);
    expect(changed.key).not.toBe(first.key);
  });

  test("in a tar of GNU's it is the same tree", async () => {
    await populate();
    // GNU tar writes an equals sign in such a name as %3D, and only GNU tar reads it so.
    execFileSync("setfattr", ["-x", "user.a=b\n", join(root, "d")]);
    for (const format of ["posix", "gnu"]) {
      const path = join(directory, `${format}.tar`);
      // The gnu form holds no extended attributes and no fractions of seconds.
      const flags = format === "posix" ? ["--xattrs", "--xattrs-include=*"] : [];
      if (format === "gnu") {
        execFileSync("find", [root, "-exec", "touch", "-h", "-d", "@1700000000", "{}", ";"]);
        execFileSync("setfattr", ["-x", "user.key", join(root, "d/small")]);
        execFileSync("setfattr", ["-x", "security.capability", join(root, "just")]);
        execFileSync("setfattr", ["-h", "-x", "trusted.link", join(root, "far")]);
      }
      await run("tar", [
        "-C",
        root,
        `--format=${format}`,
        "--sparse",
        "--numeric-owner",
        ...flags,
        "-cf",
        path,
        ".",
      ]);
      const result = await build(`tar:${path}`);
      expectSame(await listTree(root), await mounted(result.output));
    }
  });

  test("its archive is one that GNU tar reads alike", async () => {
    await populate();
    const { signal } = new AbortController();
    const chunks: Buffer[] = [];
    for await (const chunk of rootfsArchive(await snapshotRootfs(root, parseLayerLimits(), signal), signal))
      chunks.push(Buffer.from(chunk));
    const path = join(directory, "ours.tar");
    await writeFile(path, Buffer.concat(chunks));
    const unpacked = await mkdtemp(join(directory, "unpacked-"));
    await run("tar", ["-C", unpacked, "--xattrs", "--xattrs-include=*", "--numeric-owner", "-xpf", path]);
    const [expected, actual] = [await listTree(root), await listTree(unpacked)];
    // GNU tar reads no attributes in libarchive's form, in which alone such a name can be written.
    const odd = compareTrees(expected, actual).filter(
      ({ path, field }) => !(path === "/d" && field === "xattrs"),
    );
    expect(formatDifferences(odd)).toBe("");
  });
});

describe("a directory", () => {
  test("leaves out sockets and names that would hide others, and says so", async () => {
    await writeFile(join(root, "kept"), "");
    await writeFile(join(root, ".wh.kept"), "");
    const server = createServer().listen(join(root, "sock"));
    await new Promise((resolve) => server.once("listening", resolve));
    try {
      const { warnings } = await build(`rootfs:${root}`, { cache: false });
      expect(warnings).toEqual([
        expect.stringMatching(/^left out 1 sockets.*such as sock$/),
        expect.stringMatching(/^left out 1 names.*such as \.wh\.kept$/),
      ]);
    } finally {
      server.close();
    }
    const files = await listFiles({ source: `rootfs:${root}` }, { store: directory });
    expect(files.map(({ name }) => name)).toEqual(["kept"]);
  });

  test("is an image from scratch, for the platform that is asked for", async () => {
    const { config, platform } = await inspectImage(
      { source: `rootfs:${root}`, platform: "linux/arm/v7" },
      { store: directory },
    );
    expect(platform).toEqual({ os: "linux", architecture: "arm", variant: "v7" });
    expect(config.created).toBeUndefined();
    expect(config.config).toEqual({ Env: [expect.stringMatching(/^PATH=/)], WorkingDir: "/" });
  });

  test.each<[string, string, () => Promise<unknown>]>([
    ["a file that grows", "SOURCE_CHANGED", () => appendFile(join(root, "file"), "more")],
    [
      "a file that is written to",
      "SOURCE_CHANGED",
      () => writeFile(join(root, "file"), Buffer.alloc(200_000, 2)),
    ],
    ["a file that is removed", "SOURCE_CHANGED", () => rm(join(root, "file"))],
    [
      "a file that another takes the place of",
      "SOURCE_CHANGED",
      async () => {
        await writeFile(join(root, "new"), Buffer.alloc(200_000, 3));
        await rename(join(root, "new"), join(root, "file"));
      },
    ],
    [
      "a symlink in a file's place",
      "SOURCE_CHANGED",
      async () => {
        await rm(join(root, "file"));
        await symlink("/etc/passwd", join(root, "file"));
      },
    ],
  ])("%s between its two readings is %s", async (_, code, change) => {
    await writeFile(join(root, "file"), Buffer.alloc(200_000, 1));
    const { signal } = new AbortController();
    const layer = await readRootfsLayer(root, parseLayerLimits(), signal);
    await change();
    await expect(Array.fromAsync(layer.open(signal))).rejects.toMatchObject({ code });
  });

  test("that changes while its disk is built ends the build, and leaves no disk", async () => {
    await writeFile(join(root, "file"), Buffer.alloc(200_000, 1));
    const output = join(await mkdtemp(join(directory, "output-")), "disk");
    let changed: Promise<void> | undefined;
    const building = buildDisk(
      { source: `rootfs:${root}`, output, cache: false },
      {
        store: join(directory, "store"),
        onEvent(event) {
          if (event.kind === "resolved") changed = appendFile(join(root, "file"), "more");
        },
      },
    );
    await expect(building).rejects.toMatchObject({ code: "SOURCE_CHANGED" });
    await changed;
    await expect(readFile(output)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test.each([
    ["SOURCE_NOT_FOUND", () => `rootfs:${root}/nothing`],
    ["SOURCE_INVALID", () => "rootfs:/dev/null"],
  ])("%s: it is none", async (code, source) => {
    await expect(build(source())).rejects.toMatchObject({ code });
  });

  test("of more names than the limit is SOURCE_LIMIT", async () => {
    for (const name of ["a", "b", "c"]) await writeFile(join(root, name), "");
    await expect(build(`rootfs:${root}`, { limits: { entries: 3 } })).rejects.toMatchObject({
      code: "SOURCE_LIMIT",
    });
  });
});

describe("a tar of a root file system", () => {
  const archive = tarArchive([
    { name: "./", type: "directory", mode: 0o711 },
    { name: "./file", content: Buffer.alloc(50_000, "x") },
  ]);

  test("is the same plain, compressed, or on standard input; the cache knows each by its bytes", async () => {
    const path = join(root, "a.tar");
    await writeFile(path, archive);
    await run("sh", ["-c", 'gzip -k "$1" && zstd -q -k "$1"', "sh", path]);
    for (const name of ["a.tar", "a.tar.gz", "a.tar.zst"]) {
      const files = await listFiles({ source: `tar:${join(root, name)}` }, { store: directory });
      expect(files).toMatchObject([{ name: "file", node: { size: 50_000 } }]);
    }
    const first = await build(`tar:${path}`);
    const input = await build("tar:-", {}, createReadStream(path));
    expect([first.cached, input.cached]).toEqual([false, true]);
    expect(input.digest).toBe(first.digest);
    await writeFile(path, tarArchive([{ name: "other", content: "" }]));
    expect((await build(`tar:${path}`)).cached).toBe(false);
  });

  test("that is written to while it is read is SOURCE_CHANGED", async () => {
    const path = join(root, "b.tar");
    await writeFile(path, archive);
    let changed: Promise<void> | undefined;
    const listing = listFiles(
      { source: `tar:${path}` },
      {
        store: directory,
        onEvent(event) {
          if (event.kind === "resolved") changed = writeFile(path, archive);
        },
      },
    );
    await expect(listing).rejects.toMatchObject({ code: "SOURCE_CHANGED" });
    await changed;
  });

  test.each([
    ["TAR_TRUNCATED", archive.subarray(0, 2000)],
    ["LAYER_COMPRESSION", Buffer.from("BZh91AY&SY, and so on")],
    ["LAYER_PATH_ESCAPES", tarArchive([{ name: "../x", content: "" }])],
    ["LAYER_DECOMPRESS", Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4])],
  ])("%s", async (code, bytes) => {
    const path = join(root, "bad.tar");
    await writeFile(path, bytes);
    await expect(build(`tar:${path}`)).rejects.toMatchObject({ code });
  });
});
