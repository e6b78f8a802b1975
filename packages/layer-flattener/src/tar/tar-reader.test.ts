import { fc, test as property } from "@fast-check/vitest";
import { byteString, byteStringOf } from "@bootlayer/rootfs-tree";
import { paxRecords, tarArchive, withChecksum, type TarEntry } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { readAll, readEntries, type ReadEntry } from "../../integration/tar-fixture.ts";
import { TarError } from "../errors.ts";
import { parseLayerLimits } from "../limits.ts";
import { readTar } from "./tar-reader.ts";

const long = (length: number): string => `${"dir/".repeat(40)}${"n".repeat(length - 160)}`;
const code = (code: string) => expect.objectContaining({ code });

const device = (major: number, minor: number): ReadEntry[] =>
  readEntries([{ name: "d", type: "4", device: { major, minor } }]);
const zeros = (blocks: number): Buffer => Buffer.alloc(512 * blocks);
const sparse = {
  "GNU.sparse.major": "1",
  "GNU.sparse.minor": "0",
  "GNU.sparse.name": "s",
  "GNU.sparse.realsize": "9",
};

describe("names and targets", () => {
  test("a ustar prefix stands in front of the name", () => {
    const archive = tarArchive([{ name: long(250), content: "x" }]);
    expect(archive.length).toBe(512 * 4);
    expect(readAll(archive)[0]?.entry.path).toBe(long(250));
  });

  test.each(["ustar", "gnu"] as const)("names and targets of 1,000 bytes (%s)", (format) => {
    const [read] = readEntries([{ name: long(1000), type: "symlink", linkTarget: long(1001), format }]);
    expect(read?.entry).toMatchObject({ path: long(1000), linkTarget: long(1001) });
  });

  test("names of 100 bytes fill their field without a NUL", () => {
    const name = "n".repeat(100);
    const [read] = readEntries([{ name, type: "hardlink", linkTarget: "t".repeat(100) }]);
    expect(read?.entry).toMatchObject({ path: name, linkTarget: "t".repeat(100) });
  });

  test("GNU's format has no prefix: what stands there is no part of the name", () => {
    const archive = tarArchive([{ name: "f", format: "gnu" }]);
    archive.write("13577777777", 345);
    withChecksum(archive.subarray(0, 512));
    expect(readAll(archive)[0]?.entry.path).toBe("f");
  });

  test("GNU's long name wins over PAX, as in the library of container engines", () => {
    const longName = { name: "././@LongLink", type: "L", content: "from-gnu\0" };
    expect(readEntries([longName, { name: "f", pax: { path: "from-pax" } }])[0]?.entry.path).toBe("from-gnu");
  });

  test("a name is bytes", () => {
    const name = Uint8Array.of(0xe4, 0x0a, 0x80);
    expect(readEntries([{ name }])[0]?.entry.path).toBe(byteStringOf(name));
  });

  test.each([
    ["no name", [{ name: "" }]],
    ["a NUL in a PAX path", [{ name: "f", pax: { path: "a\0b" } }]],
    ["a NUL in a GNU long name", [{ name: "L", type: "L", content: "a\0b\0" }, { name: "f" }]],
    ["a link without a target", [{ name: "f", type: "symlink" }]],
  ])("%s is TAR_NAME", (_, entries) => {
    expect(() => readEntries(entries)).toThrow(code("TAR_NAME"));
  });
});

describe("types", () => {
  test("V7: a NUL is a file, or with a slash at the end a directory; contiguous files are files", () => {
    const archive = tarArchive([
      { name: "f", type: "\0", content: "x" },
      { name: "d/", type: "\0" },
      { name: "c", type: "7", content: "y" },
    ]);
    for (const start of [0, 1024, 1536]) {
      archive.fill(0, start + 257, start + 512);
      withChecksum(archive.subarray(start, start + 512));
    }
    expect(readAll(archive).map(({ entry: { kind }, data }) => [kind, data.toString()])).toEqual([
      ["file", "x"],
      ["directory", ""],
      ["file", "y"],
    ]);
  });

  test.each(["D", "M", "V", "N", "A", "X", "8", "\u007f"])(
    "typeflag %j is TAR_TYPEFLAG, naming the entry",
    (type) => {
      expect(() => readEntries([{ name: "some/file", type }])).toThrow(
        expect.objectContaining({ code: "TAR_TYPEFLAG", message: expect.stringContaining("some/file") }),
      );
    },
  );

  test("device numbers are read, and none beyond Linux's", () => {
    expect(device(4095, 1_048_575)[0]?.entry).toMatchObject({ device: { major: 4095, minor: 1_048_575 } });
    expect(() => device(4096, 0)).toThrow(code("TAR_NUMBER"));
    expect(() => device(0, 1_048_576)).toThrow(code("TAR_NUMBER"));
  });
});

describe("numbers", () => {
  test("uid and gid to 32 bits and times before 1970, in base 256", () => {
    const [read] = readEntries([{ name: "f", uid: 2 ** 32 - 1, gid: 2 ** 31, mtime: -1 }]);
    expect(read?.entry).toMatchObject({
      uid: 2 ** 32 - 1,
      gid: 2 ** 31,
      mtime: { seconds: -1, nanoseconds: 0 },
    });
  });

  test("PAX uid, gid and mtime win over the header", () => {
    const pax = { uid: "70000", gid: "80000", mtime: "-2.25" };
    const [read] = readEntries([{ name: "f", uid: 1, gid: 2, mtime: 3, pax }]);
    expect(read?.entry).toMatchObject({
      uid: 70_000,
      gid: 80_000,
      mtime: { seconds: -3, nanoseconds: 750_000_000 },
    });
  });

  test("file type bits in a mode are left out", () => {
    expect(readEntries([{ name: "f", mode: 0o104755 }])[0]?.entry.mode).toBe(0o4755);
  });

  test.each([
    ["negative size", { size: -1 }],
    ["negative uid", { uid: -5 }],
    ["uid over 32 bits", { uid: 2 ** 32 }],
    ["negative mode", { mode: -1 }],
  ])("%s is TAR_NUMBER", (_, lie) => {
    expect(() => readEntries([{ name: "f", ...lie }])).toThrow(code("TAR_NUMBER"));
  });

  test("a checksum summed with signed bytes is right too, any other is TAR_HEADER", () => {
    const archive = tarArchive([{ name: Uint8Array.of(0xe4, 0xf6) }]);
    const sum = Number.parseInt(archive.toString("latin1", 148, 154), 8);
    archive.write((sum - 512).toString(8).padStart(6, "0"), 148, "latin1");
    expect(readAll(archive)).toHaveLength(1);
    archive.write((sum - 256).toString(8).padStart(6, "0"), 148, "latin1");
    expect(() => readAll(archive)).toThrow(code("TAR_HEADER"));
  });
});

describe("extended headers", () => {
  test("a PAX size is of the file alone, not of headers between (CVE-2025-62518)", () => {
    const inner = tarArchive([{ name: "smuggled", content: "s" }], { endBlocks: false });
    const pax = { name: "x", type: "x", content: paxRecords({ size: String(inner.length) }) };
    const longName = { name: "L", type: "L", content: `${"n".repeat(120)}\0` };
    const archive = tarArchive([pax, longName, { name: "f", content: inner, size: 0 }, { name: "after" }]);
    expect(readAll(archive).map(({ entry, data }) => [entry.path, data.length])).toEqual([
      ["n".repeat(120), inner.length],
      ["after", 0],
    ]);
  });

  test("they speak of one entry, global ones of all that follow, and an entry's own win", () => {
    const global = { name: "g", type: "g", content: paxRecords({ uid: "5", mtime: "1.5" }) };
    const read = readEntries([{ name: "a" }, global, { name: "b", pax: { uid: "6" } }, { name: "c" }]);
    expect(read.map(({ entry: { uid, mtime } }) => [uid, mtime.nanoseconds])).toEqual([
      [0, 0],
      [6, 500_000_000],
      [5, 500_000_000],
    ]);
  });

  test("SCHILY xattrs win over LIBARCHIVE ones of the same name", () => {
    const pax = {
      "LIBARCHIVE.xattr.user.a": Buffer.from("libarchive").toString("base64"),
      "LIBARCHIVE.xattr.user.b": Buffer.from("only").toString("base64"),
      "SCHILY.xattr.user.a": "schily",
    };
    const xattrs = readEntries([{ name: "f", pax }])[0]?.entry.xattrs;
    expect(xattrs?.get(byteString("user.a"))).toEqual(Uint8Array.from(Buffer.from("schily")));
    expect(xattrs?.get(byteString("user.b"))).toEqual(Uint8Array.from(Buffer.from("only")));
  });

  test.each(["x", "L", "K", "g"])("one of over 1 MiB (%s) is TAR_LIMIT, before it is read", (type) => {
    const archive = tarArchive([{ name: "x", type, size: 2 ** 20 + 1 }]);
    expect(() => readAll(archive.subarray(0, 512))).toThrow(code("TAR_LIMIT"));
  });

  test("one without its entry is TAR_TRUNCATED", () => {
    const header = { name: "x", type: "x", content: paxRecords({ path: "p" }) };
    expect(() => readEntries([header])).toThrow(code("TAR_TRUNCATED"));
    expect(() => readAll(tarArchive([header], { endBlocks: false }))).toThrow(code("TAR_TRUNCATED"));
  });
});

describe("the end", () => {
  const archive = tarArchive([{ name: "f", content: "content" }], { endBlocks: false });

  test.each([
    ["no end blocks", archive],
    ["one end block", Buffer.concat([archive, zeros(1)])],
    ["two", Buffer.concat([archive, zeros(2)])],
    ["a record of them", Buffer.concat([archive, zeros(18)])],
    ["anything behind them", Buffer.concat([archive, zeros(2), Buffer.from("not a header"), archive])],
  ])("%s: the entries are read", (_, bytes) => {
    expect(readAll(bytes).map(({ data }) => data.toString())).toEqual(["content"]);
  });

  test("no bytes at all are an archive without entries", () => {
    expect(readAll(Buffer.alloc(0))).toEqual([]);
  });

  test("a lone zero block between entries is TAR_HEADER: tools differ on what follows", () => {
    expect(() => readAll(Buffer.concat([archive, zeros(1), archive]))).toThrow(code("TAR_HEADER"));
  });

  test.each([1, 511, 513, 515, 519, 520, 1023])("cut off after %i bytes it is TAR_TRUNCATED", (length) => {
    expect(() => readAll(archive.subarray(0, length))).toThrow(code("TAR_TRUNCATED"));
  });
});

describe("any bytes, any chunks", () => {
  const entries: readonly TarEntry[] = [
    { name: "d/", type: "directory", mtime: -5 },
    {
      name: long(300),
      content: "x".repeat(1500),
      pax: { "SCHILY.xattr.user.a": Uint8Array.of(0xff, 10, 0) },
    },
    { name: long(301), type: "hardlink", linkTarget: long(300), format: "gnu" },
    { name: "empty" },
    { name: "dev", type: "3", device: { major: 5, minor: 1 }, uid: 2 ** 31 },
    { name: "sparse", content: "3\n0\n1\n5\n2\n9\n0\n".padEnd(512, "\0") + "abc", pax: sparse },
  ];
  const archive = tarArchive(entries);
  const whole = readAll(archive);

  property.prop([fc.array(fc.integer({ min: 0, max: 1500 }), { maxLength: 40 })])(
    "chunk boundaries anywhere give the same entries",
    (chunkLengths) => {
      expect(readAll(archive, { chunkLengths })).toEqual(whole);
    },
  );

  test("so do chunks of one byte", () => {
    expect(readAll(archive, { chunkLengths: Array.from(archive, () => 1) })).toEqual(whole);
  });

  property.prop(
    [
      fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.boolean(),
    ],
    { numRuns: 1500 },
  )("bytes changed at random give entries or a TarError", (changes, repairChecksums) => {
    const mutated = Buffer.from(archive);
    for (const [at, byte] of changes) mutated[at] = byte;
    // Most changes would stop at a checksum and test nothing behind it.
    if (repairChecksums)
      for (const [at] of changes) {
        const block = mutated.subarray(at - (at % 512), at - (at % 512) + 512);
        if (block.toString("latin1", 257, 262) === "ustar") withChecksum(block);
      }
    try {
      readAll(mutated);
    } catch (error) {
      expect(error).toBeInstanceOf(TarError);
      expect(error).toHaveProperty("message", expect.stringMatching(/^archive/));
    }
  });

  property.prop([fc.uint8Array({ minLength: 1, maxLength: 2000 })])(
    "random bytes are a TarError",
    (bytes) => {
      bytes[0] = 1;
      expect(() => readAll(bytes)).toThrow(TarError);
    },
  );

  test("errors name the archive that was named", async () => {
    const reading = Array.fromAsync(
      readTar([Buffer.alloc(512, 1)], { name: "layer 7", limits: parseLayerLimits() }),
    );
    await expect(reading).rejects.toThrow(/^layer 7/);
  });
});
