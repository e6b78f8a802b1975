import { randomBytes } from "node:crypto";
import { zstdDecompressSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { createCompressorOfThisThread, createCompressPool, type CompressPool } from "./compress-pool.ts";
import { createCompressor } from "./create-compressor.ts";

const data = { compression: { kind: "zstd", level: 3 }, blockSize: 131072 } as const;

const pools: CompressPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

async function poolOf(threads: number): Promise<CompressPool> {
  const pool =
    threads > 0
      ? createCompressPool(threads, data)
      : createCompressorOfThisThread(await createCompressor(data.compression, data.blockSize));
  pools.push(pool);
  return pool;
}

function blockOf(content: Uint8Array): Uint8Array<ArrayBuffer> {
  const memory = new Uint8Array(data.blockSize);
  memory.set(content);
  return memory;
}

test.each([0, 1, 3])("with %i threads each block is answered with its own bytes, packed", async (threads) => {
  const pool = await poolOf(threads);
  const contents = Array.from({ length: 40 }, (_, index) =>
    Buffer.alloc(1000 + index * 100, `block ${index} `),
  );
  const stored = await Promise.all(
    contents.map((content) => pool.compress(blockOf(content), content.length)),
  );
  for (const [index, { bytes, raw }] of stored.entries()) {
    expect(raw).toBe(false);
    expect(zstdDecompressSync(bytes).equals(contents[index] ?? Buffer.alloc(0))).toBe(true);
  }
});

test.each([0, 1])("with %i threads a block that does not shrink comes back as it was", async (threads) => {
  const pool = await poolOf(threads);
  const content = randomBytes(5000);
  const { bytes, raw } = await pool.compress(blockOf(content), content.length);
  expect(raw).toBe(true);
  expect(content.equals(bytes)).toBe(true);
});

test("all of a block's memory comes back", async () => {
  const pool = await poolOf(1);
  const { bytes } = await pool.compress(blockOf(Buffer.alloc(100)), 100);
  expect(bytes.buffer.byteLength).toBe(data.blockSize);
  expect(bytes.byteOffset).toBe(0);
});

test("an error in a thread ends all blocks under way with a code, and those that follow", async () => {
  const pool = createCompressPool(2, { ...data, compression: { kind: "xz", level: 99 } });
  pools.push(pool);
  const blocks = Array.from({ length: 6 }, () => pool.compress(blockOf(Buffer.alloc(100)), 100));
  for (const block of await Promise.allSettled(blocks))
    expect(block).toMatchObject({ status: "rejected", reason: { code: "SQUASHFS_WORKER" } });
  await expect(pool.compress(blockOf(Buffer.alloc(100)), 100)).rejects.toMatchObject({
    code: "SQUASHFS_WORKER",
    cause: expect.any(Error),
  });
});

test("closing ends what is under way", async () => {
  const pool = await poolOf(1);
  const [block] = await Promise.allSettled([pool.compress(blockOf(Buffer.alloc(100)), 100), pool.close()]);
  expect(block).toMatchObject({ status: "rejected", reason: { code: "SQUASHFS_WORKER" } });
});
