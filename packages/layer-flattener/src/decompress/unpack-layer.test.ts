import { setTimeout } from "node:timers/promises";
import { parseDigest } from "@bootlayer/image-spec";
import { layerBlob, sha256Digest, tarArchive, type LayerBlob } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { inChunks, joined } from "../../integration/chunks.ts";
import { unpackLayer, type UnpackRequest } from "./unpack-layer.ts";

const archive = tarArchive([{ name: "f", content: "content ".repeat(10_000) }]);
const wrappings = ["none", "gzip", "zstd"] as const;

function request({ bytes, tar }: LayerBlob, more: Partial<UnpackRequest> = {}): UnpackRequest {
  return {
    digest: parseDigest(sha256Digest(bytes)),
    size: bytes.length,
    diffId: parseDigest(sha256Digest(tar)),
    maxArchiveBytes: 2 ** 30,
    maxWindowBytes: 2 ** 27,
    ...more,
  };
}

const unpack = (bytes: Uint8Array, asked: UnpackRequest, chunk = 1000): Promise<Buffer> =>
  joined(unpackLayer(inChunks(bytes, chunk), asked));

describe.each(wrappings)("%s", (wrapping) => {
  const blob = layerBlob(archive, wrapping);

  test.each([1, 5, 1000, 1_000_000])("comes out as the archive, from chunks of %i bytes", async (chunk) => {
    expect((await unpack(blob.bytes, request(blob), chunk)).equals(archive)).toBe(true);
  });

  test("another blob under the digest is BLOB_DIGEST, also where it cannot be decompressed", async () => {
    for (const at of [0, 10, blob.bytes.length - 1]) {
      const damaged = Buffer.from(blob.bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      await expect(unpack(damaged, request(blob))).rejects.toMatchObject({ code: "BLOB_DIGEST" });
    }
  });

  test("a wrong digest counts more than damaged data, also where the source's end comes late", async () => {
    const damaged = Buffer.from(blob.bytes);
    damaged[blob.bytes.length - 2] = (damaged.at(-2) ?? 0) ^ 0xff;
    async function* late(): AsyncGenerator<Uint8Array> {
      yield damaged;
      await setTimeout(20);
    }
    await expect(joined(unpackLayer(late(), request(blob)))).rejects.toMatchObject({ code: "BLOB_DIGEST" });
  });

  test("a blob that ends early or runs on is BLOB_SIZE", async () => {
    await expect(unpack(blob.bytes.subarray(0, -1), request(blob))).rejects.toMatchObject({
      code: "BLOB_SIZE",
    });
    const longer = Buffer.concat([blob.bytes, Buffer.alloc(1)]);
    await expect(unpack(longer, request(blob))).rejects.toMatchObject({ code: "BLOB_SIZE" });
  });

  test("another archive than the diff ID says is LAYER_DIFF_ID, naming both", async () => {
    const diffId = parseDigest(sha256Digest(Buffer.from("other")));
    await expect(unpack(blob.bytes, request(blob, { diffId }))).rejects.toMatchObject({
      code: "LAYER_DIFF_ID",
      message: expect.stringMatching(new RegExp(`${blob.descriptor.digest}.*${diffId}`)),
    });
  });

  test("more than the greatest allowed archive is LAYER_LIMIT", async () => {
    await expect(unpack(blob.bytes, request(blob, { maxArchiveBytes: 50_000 }))).rejects.toMatchObject({
      code: "LAYER_LIMIT",
    });
  });
});

test.each(["gzip", "zstd"] as const)(
  "%s that was damaged before it was digested is LAYER_DECOMPRESS",
  async (wrapping) => {
    const blob = layerBlob(archive, wrapping);
    for (const bytes of [blob.bytes.subarray(0, -5), Buffer.concat([blob.bytes, Buffer.from("more")])])
      await expect(unpack(bytes, request({ ...blob, bytes: Buffer.from(bytes) }))).rejects.toMatchObject({
        code: "LAYER_DECOMPRESS",
        message: expect.stringContaining(sha256Digest(bytes)),
      });
  },
);

test.each([
  ["bzip2", "BZh91AY&SY"],
  ["xz", "\u00fd7zXZ\0"],
])("%s is LAYER_COMPRESSION, by name", async (name, magic) => {
  const blob = layerBlob(Buffer.from(magic, "latin1"), "none");
  await expect(unpack(blob.bytes, request(blob))).rejects.toMatchObject({
    code: "LAYER_COMPRESSION",
    message: expect.stringContaining(name),
  });
});

test("an empty blob is an empty archive", async () => {
  const blob = layerBlob(Buffer.alloc(0), "none");
  expect(await unpack(blob.bytes, request(blob))).toHaveLength(0);
});
