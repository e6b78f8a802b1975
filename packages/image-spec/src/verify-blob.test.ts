import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { digestOf, verifiedBytes, verifyBlob } from "./index.ts";

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield Buffer.alloc(4);
}

const bytes = Buffer.from("a layer's bytes");
const descriptor = { digest: digestOf(bytes), size: bytes.length };

test.prop([fc.uint8Array(), fc.integer({ min: 1, max: 10 }), fc.constantFrom("sha256", "sha512")])(
  "the right bytes pass unchanged, however they are cut and whichever algorithm names them",
  async (bytes, size, algorithm) => {
    const descriptor = { digest: digestOf(bytes, algorithm), size: bytes.length };
    const passed = await verifiedBytes(inChunks(bytes, size), descriptor);
    expect(Buffer.compare(passed, bytes)).toBe(0);
  },
);

test("a byte too many is refused at once: no chunk that runs past the size is passed on", async () => {
  const passed: number[] = [];
  await expect(async () => {
    for await (const chunk of verifyBlob(endless(), { ...descriptor, size: 10 })) passed.push(chunk.length);
  }).rejects.toMatchObject({ code: "BLOB_SIZE" });
  expect(passed).toEqual([4, 4]);
});

test("an end before the size is BLOB_SIZE and says how far it came", async () => {
  await expect(verifiedBytes(inChunks(bytes.subarray(1), 4), descriptor)).rejects.toMatchObject({
    code: "BLOB_SIZE",
    message: expect.stringContaining("14 of 15"),
  });
});

test("one wrong bit is BLOB_DIGEST", async () => {
  const wrong = Buffer.from(bytes);
  wrong.writeUInt8(wrong.readUInt8(3) ^ 1, 3);
  await expect(verifiedBytes(inChunks(wrong, 4), descriptor)).rejects.toMatchObject({
    code: "BLOB_DIGEST",
    message: expect.stringContaining(descriptor.digest),
  });
});

test("collected bytes stay right when the source uses a chunk's memory again", async () => {
  const memory = Buffer.alloc(4);
  async function* reusing(): AsyncGenerator<Uint8Array> {
    for (const letter of "abc") yield memory.fill(letter);
  }
  const expected = Buffer.from("aaaabbbbcccc");
  const descriptor = { digest: digestOf(expected), size: expected.length };
  expect(Buffer.from(await verifiedBytes(reusing(), descriptor)).toString()).toBe("aaaabbbbcccc");
});
