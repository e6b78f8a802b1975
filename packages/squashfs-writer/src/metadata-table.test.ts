import { expect, test } from "vitest";
import { chunkOffsetOf, chunkStartOf } from "./format/metadata-chunk.ts";
import { createMetadataTable, type ChunkPacking, type MetadataTable } from "./metadata-table.ts";

/** Packs chunks of one byte repeated, and nothing else. */
const compressor: ChunkPacking["compressor"] = {
  compress: (block) => (block.every((byte) => byte === block[0]) ? block.subarray(0, 1) : undefined),
};

function collect(packing: Omit<ChunkPacking, "emit">): { table: MetadataTable; stored: () => Buffer } {
  const pieces: Buffer[] = [];
  const table = createMetadataTable("test", {
    ...packing,
    emit: (bytes) => pieces.push(Buffer.from(bytes)),
  });
  return { table, stored: () => Buffer.concat(pieces) };
}

function place(table: MetadataTable): [chunkStart: number, offset: number] {
  return [chunkStartOf(table.reference()), chunkOffsetOf(table.reference())];
}

test("a reference counts stored bytes up to the chunk, and unpacked ones in it", async () => {
  const { table } = collect({ compressor });
  expect(place(table)).toEqual([0, 0]);
  await table.append(Buffer.alloc(100));
  expect(place(table)).toEqual([0, 100]);
  await table.append(Buffer.alloc(8091));
  expect(place(table)).toEqual([0, 8191]);
  await table.append(Buffer.alloc(1));
  expect(place(table)).toEqual([3, 0]);
  await table.append(Buffer.from("ab"));
  await table.append(Buffer.alloc(8190));
  expect(place(table)).toEqual([3 + 8194, 0]);
});

test("records run on from chunk to chunk, and one may fill several", async () => {
  const { table, stored } = collect({ compressor });
  await table.append(Buffer.from("ab"));
  await table.append(Buffer.alloc(20_000, "c"));
  expect(place(table)).toEqual([8194 + 3, 20_002 - 2 * 8192]);
  await table.finish();
  const bytes = stored();
  expect(bytes.readUInt16LE(0)).toBe(0x8000 | 8192);
  expect(bytes.toString("latin1", 2, 6)).toBe("abcc");
  expect(bytes.toString("hex", 8194)).toBe("010063010063");
});

test("a chunk that does not shrink is stored as it is, and so are all without a compressor", async () => {
  for (const packing of [{ compressor }, { compressor: undefined }]) {
    const { table, stored } = collect(packing);
    await table.append(Buffer.from("ab"));
    await table.finish();
    expect(stored().toString("hex")).toBe("02806162");
  }
});

test("an empty table has no chunk", async () => {
  const { table, stored } = collect({ compressor });
  await table.append(Buffer.alloc(0));
  await table.finish();
  expect(stored()).toHaveLength(0);
});

test("no chunk begins beyond 4 GiB, which is all that can be referred to", async () => {
  const table = createMetadataTable("test", { compressor: undefined, emit: () => {} });
  const many = Buffer.alloc(2 ** 26);
  for (let index = 0; index < 63; index++) await table.append(many);
  expect(chunkStartOf(table.reference())).toBe(63 * 2 ** 13 * 8194);
  await expect(table.append(many)).rejects.toMatchObject({ code: "SQUASHFS_TOO_LARGE" });
});
