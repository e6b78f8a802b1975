import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
  closeSync,
  type BigIntStats,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { byteString, byteStringOf, walkTree, type RootfsNode } from "@bootlayer/rootfs-tree";
import { layerBlob, requireJudge } from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fileBytes, flatten, type FlattenResult } from "./flatten-fixture.ts";

// GNU tar writes archives of a directory in each of its formats; what we read must be what the kernel says is there.

const judge = requireJudge("root", "tar", "setfattr", "mknod");
const capability = "0x0100000280ff00fe00000000c328000000000000";
const binary = "0x00ff0a3d80c3280a";

const hex = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value.slice(2), "hex"));

let source: string;

beforeAll(() => {
  if (judge.skip) return;
  source = mkdtempSync(join(tmpdir(), "layer-flattener-"));
  const at = (name: string): string => join(source, name);
  mkdirSync(at("directory"));
  chmodSync(at("directory"), 0o1777);
  writeFileSync(at("directory/file"), "content\n");
  writeFileSync(at("setuid"), "#!");
  chownSync(at("setuid"), 7, 8);
  chmodSync(at("setuid"), 0o6755);
  writeFileSync(at("nothing"), "");
  chmodSync(at("nothing"), 0);
  linkSync(at("directory/file"), at("hard link"));
  symlinkSync("directory/../nothing", at("symlink"));
  writeFileSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.of(0xff, 0xfe, 0x0a)]), "no UTF-8");
  execFileSync("mknod", [at("fifo"), "p"]);
  execFileSync("mknod", [at("device"), "c", "5", "300"]);
  // Long before 1970, and with nanoseconds.
  utimesSync(at("nothing"), -1.5, -100_000.25);
});

afterAll(() => {
  if (!judge.skip) rmSync(source, { recursive: true });
});

function makeTar(...options: readonly string[]): Buffer {
  return execFileSync("tar", ["--create", ...options, "--directory", source, "."], { maxBuffer: 2 ** 28 });
}

interface Description {
  readonly kind: string;
  readonly mode: string;
  readonly owner: string;
  readonly mtime: string;
  readonly content: string;
  readonly links: readonly string[];
}

/** What lstat(2) says of every name below a directory. */
function describeDirectory(top: string, unit: bigint): Map<string, Description> {
  const stats = new Map<string, { readonly path: Buffer; readonly stat: BigIntStats }>();
  const pending: Buffer[] = [Buffer.alloc(0)];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const path = Buffer.concat([Buffer.from(`${top}/`), name]);
    const stat = lstatSync(path, { bigint: true });
    stats.set(name.toString("latin1"), { path, stat });
    if (stat.isDirectory())
      for (const child of readdirSync(path, { encoding: "buffer" }))
        pending.push(name.length === 0 ? child : Buffer.concat([name, Buffer.from("/"), child]));
  }
  const names = Map.groupBy(stats, ([, { stat }]) => stat.ino);
  return new Map(
    [...stats].map(([name, { path, stat }]) => [
      name,
      {
        kind: kindOf(stat),
        mode: (stat.mode & 0o7777n).toString(8),
        owner: `${stat.uid}:${stat.gid}`,
        mtime: String(stat.mtimeNs - modulo(stat.mtimeNs, unit)),
        content: contentOf(path, stat),
        links: (names.get(stat.ino) ?? []).map(([other]) => other).toSorted(),
      },
    ]),
  );
}

function modulo(value: bigint, unit: bigint): bigint {
  return ((value % unit) + unit) % unit;
}

function kindOf(stat: BigIntStats): string {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symlink";
  return stat.isFIFO() ? "fifo" : "character-device";
}

function contentOf(path: Buffer, stat: BigIntStats): string {
  if (stat.isFile()) return readFileSync(path, "latin1");
  if (stat.isSymbolicLink()) return readlinkSync(path, "latin1");
  return stat.isCharacterDevice() ? "5:300" : "";
}

function describeTree({ root, contents }: FlattenResult): Map<string, Description> {
  const entries = [...walkTree(root)];
  const names = Map.groupBy(entries, ({ node }) => node);
  return new Map(
    entries.map(({ path, node }) => {
      const { mode, uid, gid, mtime } = node.attributes;
      return [
        path,
        {
          kind: node.kind,
          mode: mode.toString(8),
          owner: `${uid}:${gid}`,
          mtime: String(BigInt(mtime.seconds) * 1_000_000_000n + BigInt(mtime.nanoseconds)),
          content: nodeContent(node, contents),
          links: (names.get(node) ?? []).map(({ path }) => path).toSorted(),
        },
      ];
    }),
  );
}

function nodeContent(node: RootfsNode, contents: FlattenResult["contents"]): string {
  if (node.kind === "file") return fileBytes(node, contents).toString("latin1");
  if (node.kind === "symlink") return node.target;
  return node.kind === "character-device" ? `${node.device.major}:${node.device.minor}` : "";
}

describe.skipIf(judge.skip)(`GNU tar${judge.reason}`, () => {
  const second = 1_000_000_000n;

  test.each([
    ["ustar", second],
    ["oldgnu", second],
    ["gnu", second],
    ["pax", 1n],
  ] as const)("--format=%s: every name is what lstat(2) says", async (format, unit) => {
    const excluded = format === "ustar" ? ["--exclude=./nothing"] : [];
    const result = await flatten([layerBlob(makeTar(`--format=${format}`, ...excluded))]);
    const expected = describeDirectory(source, unit);
    // ustar has no times before 1970.
    if (format === "ustar") expected.delete("nothing");
    expect(describeTree(result)).toEqual(expected);
  });

  test("--format=v7: files, directories and links", async () => {
    const excluded = ["nothing", "fifo", "device"].map((name) => `--exclude=./${name}`);
    const result = await flatten([layerBlob(makeTar("--format=v7", ...excluded))]);
    const expected = describeDirectory(source, second);
    for (const name of ["nothing", "fifo", "device"]) expected.delete(name);
    expect(describeTree(result)).toEqual(expected);
  });

  test.each(["gnu", "pax"])("--format=%s: names and targets beyond every field", async (format) => {
    const top = mkdtempSync(join(tmpdir(), "layer-flattener-"));
    const name = `${"d".repeat(200)}/${"e".repeat(200)}/${"f".repeat(255)}`;
    mkdirSync(join(top, name), { recursive: true });
    writeFileSync(join(top, name, "file"), "deep");
    linkSync(join(top, name, "file"), join(top, "link"));
    symlinkSync("t".repeat(4000), join(top, "symlink"));
    const archive = execFileSync("tar", [
      "--create",
      `--format=${format}`,
      "--directory",
      top,
      "--sort=name",
      ".",
    ]);
    const { tree } = await flatten([layerBlob(archive)]);
    rmSync(top, { recursive: true });
    expect(tree).toMatchObject({
      [`${name}/file`]: '"deep" #1',
      link: '"deep" #1',
      symlink: `-> ${"t".repeat(4000)}`,
    });
  });

  test("--format=pax: owners to 32 bits", async () => {
    const archive = makeTar("--format=pax", "--owner=:4294967294", "--group=:3000000000");
    const { node } = await flatten([layerBlob(archive)]);
    expect(node("setuid").attributes).toMatchObject({ uid: 4_294_967_294, gid: 3_000_000_000 });
  });

  test.each([
    "oldgnu",
    "gnu",
    "pax --sparse-version=0.0",
    "pax --sparse-version=0.1",
    "pax --sparse-version=1.0",
  ])("--sparse --format=%s: holes stay holes, data stays in its place", async (format) => {
    const top = mkdtempSync(join(tmpdir(), "layer-flattener-"));
    const path = join(top, "sparse file");
    const file = openSync(path, "w");
    for (let index = 0; index < 30; index++) writeSync(file, `data ${index}`, index * 100_000);
    closeSync(file);
    truncateSync(path, 5_000_000);
    writeFileSync(join(top, "hole"), "");
    truncateSync(join(top, "hole"), 100_000);
    writeFileSync(join(top, "zz after"), "in step");
    const archive = execFileSync("tar", [
      ..."--create --sparse --hole-detection=raw --sort=name".split(" "),
      ...`--format=${format}`.split(" "),
      "--directory",
      top,
      ".",
    ]);
    const { node, contents, tree } = await flatten([layerBlob(archive)]);
    const expected = readFileSync(path);
    rmSync(top, { recursive: true });
    expect(fileBytes(node("sparse file"), contents).equals(expected)).toBe(true);
    const stored = contents.given.reduce((sum, { data }) => sum + data.length, 0);
    expect(stored).toBeLessThan(500_000);
    expect(fileBytes(node("hole"), contents).equals(Buffer.alloc(100_000))).toBe(true);
    expect(tree["zz after"]).toBe('"in step"');
  });

  test("--xattrs: values are bytes, a capability's too", async () => {
    const top = mkdtempSync(join(tmpdir(), "layer-flattener-"));
    const path = join(top, "file");
    writeFileSync(path, "");
    execFileSync("setfattr", ["-n", "trusted.binary", "-v", binary, path]);
    execFileSync("setfattr", ["-n", "security.capability", "-v", capability, path]);
    const archive = execFileSync("tar", [
      ..."--create --format=pax --xattrs --xattrs-include=*".split(" "),
      "--directory",
      top,
      ".",
    ]);
    rmSync(top, { recursive: true });
    const { node } = await flatten([layerBlob(archive)]);
    const { xattrs } = node("file").attributes;
    expect(xattrs.get(byteString("trusted.binary"))).toEqual(hex(binary));
    expect(xattrs.get(byteString("security.capability"))).toEqual(hex(capability));
  });

  test("a name that is no UTF-8 is the same bytes", async () => {
    const { root } = await flatten([layerBlob(makeTar("--format=pax"))]);
    expect(root.entries.has(byteStringOf(Uint8Array.of(0xff, 0xfe, 0x0a)))).toBe(true);
  });
});
