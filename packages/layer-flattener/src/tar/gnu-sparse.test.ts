import { fc, test as property } from "@fast-check/vitest";
import { byteString } from "@bootlayer/rootfs-tree";
import { tarArchive, withChecksum } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { readAll, readEntries } from "../../integration/tar-fixture.ts";
import { tarError, type TarFail } from "../errors.ts";
import { dataRegions, paxSparse } from "./gnu-sparse.ts";
import { noPaxAttributes } from "./pax.ts";

const fail: TarFail = (code, what) => tarError(code, "here", what);
const sparseError = expect.objectContaining({ code: "TAR_SPARSE" });
const regions = [
  { offset: 512, length: 3 },
  { offset: 2048, length: 2 },
];
/** What follows shows whether the reader is still in step. */
const after = { name: "after", content: "in step" };

function writeNumbers(block: Buffer, start: number, numbers: readonly number[]): void {
  for (const [index, number] of numbers.entries())
    block.write(`${number.toString(8).padStart(11, "0")}\0`, start + index * 12, "latin1");
}

function oldSparse(map: readonly number[], realSize: number, data: string): Buffer {
  const archive = tarArchive([{ name: "s", type: "S", format: "gnu", content: data }, after]);
  const block = archive.subarray(0, 512);
  const inHeader = map.slice(0, 8);
  writeNumbers(block, 386, inHeader);
  block.write(`${realSize.toString(8).padStart(11, "0")}\0`, 483, "latin1");
  const extensions: Buffer[] = [];
  for (let at = 8; at < map.length; at += 42) {
    const extension = Buffer.alloc(512);
    writeNumbers(extension, 0, map.slice(at, at + 42));
    extension[504] = at + 42 < map.length ? 1 : 0;
    extensions.push(extension);
  }
  block[482] = extensions.length > 0 ? 1 : 0;
  withChecksum(block);
  return Buffer.concat([block, ...extensions, archive.subarray(512)]);
}

describe("old GNU form", () => {
  test("its map stands in the header", () => {
    const [file, next] = readAll(oldSparse([512, 3, 2048, 2, 4096, 0], 4096, "abcde"));
    expect(file?.entry).toMatchObject({ kind: "file", path: "s", size: 4096, dataRegions: regions });
    expect(file?.data.toString()).toBe("abcde");
    expect(next?.data.toString()).toBe("in step");
  });

  test("a longer map goes on in blocks of 21 regions", () => {
    const count = 50;
    const map = Array.from({ length: count }, (_, index) => [index * 1000, 2]).flat();
    const [file, next] = readAll(oldSparse(map, 100_000, "ab".repeat(count)));
    expect(file?.entry).toMatchObject({
      dataRegions: Array.from({ length: count }, (_, index) => ({ offset: index * 1000, length: 2 })),
    });
    expect(file?.data.toString()).toBe("ab".repeat(count));
    expect(next?.data.toString()).toBe("in step");
  });

  test("a map that never ends is TAR_LIMIT, one that is cut off TAR_TRUNCATED", () => {
    const endless = oldSparse([0, 1, 2, 1, 4, 1, 6, 1, 8, 1], 100, "abcde");
    const extension = endless.subarray(512, 1024);
    extension[504] = 1;
    const blocks = Array.from({ length: 2049 }, () => extension);
    expect(() => readAll(Buffer.concat([endless.subarray(0, 512), ...blocks]))).toThrow(
      expect.objectContaining({ code: "TAR_LIMIT" }),
    );
    expect(() => readAll(endless.subarray(0, 1024))).toThrow(
      expect.objectContaining({ code: "TAR_TRUNCATED" }),
    );
  });
});

describe("PAX forms", () => {
  test("0.1 has its map in one record", () => {
    const pax = {
      "GNU.sparse.size": "4096",
      "GNU.sparse.numblocks": "3",
      "GNU.sparse.name": "real/name",
      "GNU.sparse.map": "512,3,2048,2,4096,0",
    };
    const [file, next] = readEntries([{ name: "GNUSparseFile.7/name", content: "abcde", pax }, after]);
    expect(file?.entry).toMatchObject({ path: "real/name", size: 4096, dataRegions: regions });
    expect(next?.data.toString()).toBe("in step");
  });

  test("0.0 repeats offset and numbytes", () => {
    const sparse = new Map([
      ["size", [byteString("4096")]],
      ["numblocks", [byteString("2")]],
      ["offset", [byteString("512"), byteString("2048")]],
      ["numbytes", [byteString("3"), byteString("2")]],
    ]);
    expect(paxSparse({ ...noPaxAttributes, sparse }, fail)).toMatchObject({
      map: { size: 4096, numbers: [512, 3, 2048, 2] },
    });
  });

  const form1 = {
    "GNU.sparse.major": "1",
    "GNU.sparse.minor": "0",
    "GNU.sparse.name": "s",
    "GNU.sparse.realsize": "4096",
  };

  test("1.0 has its map in front of the data", () => {
    const content = "2\n512\n3\n2048\n2\n".padEnd(512, "\0") + "abcde";
    const [file, next] = readEntries([{ name: "x", content, pax: form1 }, after]);
    expect(file?.entry).toMatchObject({ path: "s", size: 4096, dataRegions: regions });
    expect(file?.data.toString()).toBe("abcde");
    expect(next?.data.toString()).toBe("in step");
  });

  test("1.0 with a map over several blocks, a number across two of them", () => {
    const count = 200;
    const numbers = Array.from({ length: count }, (_, index) => [index * 10_000, 1]).flat();
    const map = `${count}\n${numbers.join("\n")}\n`;
    const content = map.padEnd(Math.ceil(map.length / 512) * 512, "\0") + "d".repeat(count);
    const pax = { ...form1, "GNU.sparse.realsize": "2000000" };
    const [file, next] = readEntries([{ name: "x", content, pax }, after]);
    expect(file?.entry).toMatchObject({
      size: 2_000_000,
      dataRegions: expect.objectContaining({ length: count }),
    });
    expect(file?.data.length).toBe(count);
    expect(next?.data.toString()).toBe("in step");
  });

  test("a file that is one hole has no data regions at all", () => {
    const [file] = readEntries([{ name: "x", content: "0\n".padEnd(512, "\0"), pax: form1 }]);
    expect(file?.entry).toMatchObject({ size: 4096, dataRegions: [] });
  });

  test.each([
    ["no count", ""],
    ["a count that is not followed", "5\n1\n1\n"],
    ["letters", "x\n"],
    ["a negative offset", "1\n-1\n5\n"],
    ["a count beyond all reason", "999999999999\n0\n1\n"],
  ])("a map in the body with %s is TAR_SPARSE", (_, map) => {
    expect(() => readEntries([{ name: "x", content: map.padEnd(512, "\0"), pax: form1 }])).toThrow(
      sparseError,
    );
  });

  test.each([
    ["a form that is not known", { "GNU.sparse.major": "2", "GNU.sparse.minor": "0" }],
    ["no size", { "GNU.sparse.map": "0,1", "GNU.sparse.numblocks": "1" }],
    ["a wrong count", { "GNU.sparse.map": "0,1", "GNU.sparse.numblocks": "2", "GNU.sparse.size": "9" }],
    ["half a region", { "GNU.sparse.map": "0,1,2", "GNU.sparse.numblocks": "1", "GNU.sparse.size": "9" }],
    ["a name and nothing else", { "GNU.sparse.name": "s" }],
  ])("%s is TAR_SPARSE", (_, pax) => {
    expect(() => readEntries([{ name: "x", content: "a", pax }])).toThrow(sparseError);
  });
});

describe("maps", () => {
  test.each([
    ["overlap", [0, 10, 5, 10], 20],
    ["are out of order", [50, 5, 0, 5], 10],
    ["reach beyond the file", [95, 10], 10],
    ["hold more than the archive", [0, 10], 5],
    ["hold less than the archive", [0, 10], 15],
  ])("regions that %s are TAR_SPARSE", (_, numbers, stored) => {
    expect(() => dataRegions({ size: 100, numbers }, stored, fail)).toThrow(sparseError);
  });

  test("empty regions are left out and touching ones joined", () => {
    expect(dataRegions({ size: 100, numbers: [0, 0, 5, 5, 10, 5, 20, 0, 30, 1, 100, 0] }, 11, fail)).toEqual([
      { offset: 5, length: 10 },
      { offset: 30, length: 1 },
    ]);
  });

  test("a file without a hole has no regions", () => {
    expect(dataRegions({ size: 10, numbers: [0, 5, 5, 5] }, 10, fail)).toBeUndefined();
  });

  property.prop([fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { maxLength: 20 }), fc.nat(100)])(
    "regions ascend, do not touch, are not empty and hold what the archive does",
    (gaps, tail) => {
      const numbers: number[] = [];
      let end = 0;
      let stored = 0;
      for (const [gap, length] of gaps) {
        numbers.push(end + gap, length);
        end += gap + length;
        stored += length;
      }
      const size = end + tail;
      const regions = dataRegions({ size, numbers }, stored, fail);
      if (regions === undefined) {
        expect(stored).toBe(size);
        return;
      }
      expect(regions.reduce((sum, { length }) => sum + length, 0)).toBe(stored);
      for (const [index, { offset, length }] of regions.entries()) {
        const previous = regions[index - 1];
        expect(length).toBeGreaterThan(0);
        expect(offset).toBeGreaterThan(previous === undefined ? -1 : previous.offset + previous.length);
      }
    },
  );
});
