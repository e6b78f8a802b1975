import { randomBytes } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { inChunks, joined } from "../../integration/chunks.ts";
import { createFrameWalker } from "./zstd-frames.ts";
import { unzstd } from "./zstd.ts";

const noise = randomBytes(300_000);
const large = Buffer.concat([noise, Buffer.alloc(3_000_000), noise]);
const window = 128 * 2 ** 20;
const unzip = (bytes: Uint8Array, chunk = 65_536, maxWindow = window): Promise<Buffer> =>
  joined(unzstd(inChunks(bytes, chunk), maxWindow));

/** RFC 8878, 3.1.2. */
function skippable(text: string, nibble = 0): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x184d2a50 + nibble, 0);
  header.writeUInt32LE(text.length, 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

test("more than one piece of output comes out whole", async () => {
  expect((await unzip(zstdCompressSync(large))).equals(large)).toBe(true);
});

test.each([1, 2, 3, 5, 11, 1_000_000])("frames follow each other, in chunks of %i bytes", async (chunk) => {
  const texts = ["one", "", "three", "x".repeat(5000)];
  const checked = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
  const frames = texts.map((text, index) => zstdCompressSync(text, index % 2 === 0 ? checked : {}));
  expect((await unzip(Buffer.concat(frames), chunk)).toString()).toBe(texts.join(""));
});

test.each([1, 3, 6, 1_000_000])("skippable frames anywhere are skipped (chunks of %i)", async (chunk) => {
  const [a, b] = [zstdCompressSync("a"), zstdCompressSync("b")];
  const bytes = Buffer.concat([
    skippable("first"),
    a,
    skippable(""),
    skippable("x".repeat(40), 15),
    b,
    skippable("end"),
  ]);
  expect((await unzip(bytes, chunk)).toString()).toBe("ab");
});

test("nothing but a skippable frame is empty", async () => {
  expect(await unzip(skippable("only"))).toHaveLength(0);
});

test("other bytes after a frame are an error", async () => {
  const frame = zstdCompressSync("text");
  for (const tail of ["garbage", "\0\0\0\0", "\0"])
    await expect(unzip(Buffer.concat([frame, Buffer.from(tail)]))).rejects.toThrow(Error);
});

property.prop([fc.nat(), fc.integer({ min: 1, max: 300 })])(
  "cut off anywhere it is an error",
  async (at, chunk) => {
    const frames = Buffer.concat([
      zstdCompressSync(noise.subarray(0, 500)),
      skippable("skip"),
      zstdCompressSync("end"),
    ]);
    const first = zstdCompressSync(noise.subarray(0, 500)).length;
    const length = at % frames.length;
    // At these places whole frames end.
    const isWhole = length === 0 || length === first || length === first + 12;
    const result = await unzip(frames.subarray(0, length), chunk).then(
      () => "whole",
      () => "error",
    );
    expect(result).toBe(isWhole ? "whole" : "error");
  },
);

test("a wrong checksum is an error", async () => {
  const bytes = zstdCompressSync(large, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  bytes.writeUInt32LE(1, bytes.length - 4);
  await expect(unzip(bytes)).rejects.toThrow(Error);
});

test("a frame that demands a larger window than the limit is an error that says so", async () => {
  const bytes = zstdCompressSync(large, { params: { [constants.ZSTD_c_windowLog]: 20 } });
  await expect(unzip(bytes, 65_536, 2 ** 19)).rejects.toThrow(/window of over 524288 bytes/);
  await expect(unzip(bytes, 65_536, 2 ** 20)).resolves.toHaveLength(large.length);
});

test("a frame of one segment larger than the limit is an error", async () => {
  const bytes = zstdCompressSync(Buffer.alloc(2 ** 22), { params: { [constants.ZSTD_c_windowLog]: 24 } });
  expect((bytes[4] ?? 0) & 0x20).toBe(0x20);
  await expect(unzip(bytes, 65_536, 2 ** 19)).rejects.toThrow(Error);
});

test("what the source throws passes through", async () => {
  const fault = new Error("connection lost");
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield zstdCompressSync(noise).subarray(0, 1000);
    throw fault;
  }
  await expect(joined(unzstd(failing(), window))).rejects.toBe(fault);
});

property.prop([fc.uint8Array({ maxLength: 500 }), fc.integer({ min: 1, max: 50 })])(
  "the walk over any bytes ends, with parts of them or an error",
  (bytes, chunk) => {
    const frames = createFrameWalker(window);
    const input = Buffer.concat([zstdCompressSync("x"), bytes]);
    let walked = 0;
    try {
      for (let at = 0; at < input.length; at += chunk)
        for (const part of frames.walk(input.subarray(at, at + chunk))) walked += part.bytes.length;
      frames.end();
    } catch (error) {
      expect(error).not.toBeInstanceOf(RangeError);
      expect(error).not.toBeInstanceOf(TypeError);
    }
    expect(walked).toBeLessThanOrEqual(input.length + 3);
  },
);

property.prop(
  [fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 5 }), fc.integer({ min: 1, max: 300 })],
  {
    numRuns: 50,
  },
)("any frames in any chunks come out joined", async (texts, chunk) => {
  const bytes = Buffer.concat(texts.map((text) => zstdCompressSync(text)));
  expect((await unzip(bytes, chunk)).equals(Buffer.concat(texts))).toBe(true);
});
