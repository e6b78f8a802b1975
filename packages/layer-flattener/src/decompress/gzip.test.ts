import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { inChunks, joined } from "../../integration/chunks.ts";
import { gunzip } from "./gzip.ts";

const noise = randomBytes(300_000);
const large = Buffer.concat([noise, Buffer.alloc(3_000_000), noise]);
const unzip = (bytes: Uint8Array, chunk = 65_536): Promise<Buffer> => joined(gunzip(inChunks(bytes, chunk)));

test("more than one piece of output comes out whole", async () => {
  expect((await unzip(gzipSync(large))).equals(large)).toBe(true);
});

test.each([1, 7, 20, 1000, 1_000_000])("members follow each other, in chunks of %i bytes", async (chunk) => {
  const members = ["one", "", "three", "x".repeat(5000)];
  const bytes = Buffer.concat(members.map((text) => gzipSync(text)));
  expect((await unzip(bytes, chunk)).toString()).toBe(members.join(""));
});

test.each([1, 100, 1_000_000])(
  "zero bytes after the last member are padding (chunks of %i)",
  async (chunk) => {
    const bytes = Buffer.concat([gzipSync("text"), Buffer.alloc(1000)]);
    expect((await unzip(bytes, chunk)).toString()).toBe("text");
  },
);

test.each([1, 10, 1_000_000])("any other bytes there are an error (chunks of %i)", async (chunk) => {
  const member = gzipSync("text");
  const tails = ["garbage", "\0\0garbage", `\0${member.toString("latin1")}`];
  for (const tail of tails)
    await expect(unzip(Buffer.concat([member, Buffer.from(tail, "latin1")]), chunk)).rejects.toThrow(Error);
});

test.each([1, 9, 15, 22])("cut off by %i bytes it is an error", async (missing) => {
  const bytes = gzipSync("some text");
  await expect(unzip(bytes.subarray(0, bytes.length - missing))).rejects.toThrow(Error);
});

test("a wrong checksum is an error", async () => {
  const bytes = gzipSync(large);
  bytes.writeUInt32LE(1, bytes.length - 8);
  await expect(unzip(bytes)).rejects.toThrow("incorrect data check");
});

test("what the source throws passes through, while the reader waits for more", async () => {
  const fault = new Error("connection lost");
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield gzipSync(noise).subarray(0, 1000);
    throw fault;
  }
  await expect(joined(gunzip(failing()))).rejects.toBe(fault);
});

test("a reader that stops early stops the source", async () => {
  let closed = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield gzipSync(Buffer.alloc(100_000));
    } finally {
      closed = true;
    }
  }
  for await (const piece of gunzip(endless())) if (piece.length > 0) break;
  await expect.poll(() => closed).toBe(true);
});

property.prop(
  [
    fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 5 }),
    fc.integer({ min: 1, max: 500 }),
  ],
  {
    numRuns: 50,
  },
)("any members in any chunks come out joined", async (members, chunk) => {
  const bytes = Buffer.concat(members.map((member) => gzipSync(member)));
  expect((await unzip(bytes, chunk)).equals(Buffer.concat(members))).toBe(true);
});
