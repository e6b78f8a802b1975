import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import {
  digestAlgorithm,
  digestHex,
  digestOf,
  digestOfHash,
  digestOfStream,
  ImageSpecError,
  isDigest,
  parseDigest,
} from "./index.ts";

const hex64 = "a".repeat(64);
const hex128 = "0".repeat(128);

test.each([`sha256:${hex64}`, `sha512:${hex128}`])("%s is a digest", (text) => {
  expect(parseDigest(text)).toBe(text);
  expect(isDigest(text)).toBe(true);
});

test.each([
  ["an algorithm that is not computed here", `sha384:${"a".repeat(96)}`],
  ["a digit too few", `sha256:${"a".repeat(63)}`],
  ["a digit too many", `sha256:${"a".repeat(65)}`],
  ["the length of the other algorithm", `sha256:${hex128}`],
  ["uppercase digits", `sha256:${"A".repeat(64)}`],
  ["an uppercase algorithm", `SHA256:${hex64}`],
  ["a path behind the digits (CVE-2024-3727)", `sha256:${hex64}/../../etc`],
  ["a path in the place of digits", `sha256:${"../".repeat(21)}.`],
  ["a line break behind the digits", `sha256:${hex64}\n`],
  ["no algorithm", hex64],
  ["a name from Object's prototype", `constructor:${hex64}`],
  ["nothing", ""],
])("%s makes it no digest", (_, text) => {
  expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: "DIGEST_INVALID" }));
  expect(isDigest(text)).toBe(false);
});

test.prop([fc.oneof(fc.string(), fc.stringMatching(/^sha(256|512):[0-9a-f./]{60,130}$/))])(
  "what is taken for a digest is one path component of the exact length, all else is a typed error",
  (text) => {
    try {
      expect(parseDigest(text)).toMatch(/^sha256:[0-9a-f]{64}$|^sha512:[0-9a-f]{128}$/);
    } catch (error) {
      expect(error).toBeInstanceOf(ImageSpecError);
    }
  },
);

test.prop([fc.uint8Array(), fc.constantFrom("sha256", "sha512")])(
  "a digest is the hash of the bytes, and its parts can be taken apart",
  (bytes, algorithm) => {
    const digest = digestOf(bytes, algorithm);
    expect(parseDigest(digest)).toBe(digest);
    expect(digestAlgorithm(digest)).toBe(algorithm);
    expect(digestHex(digest)).toBe(createHash(algorithm).update(bytes).digest("hex"));
  },
);

test.prop([fc.array(fc.uint8Array())])(
  "a stream, and a hash of it, have the digest of all bytes",
  async (chunks) => {
    const bytes = Buffer.concat(chunks);
    expect(await digestOfStream(Readable.from(chunks))).toEqual({
      digest: digestOf(bytes),
      size: bytes.length,
    });
    expect(digestOfHash(createHash("sha256").update(bytes))).toBe(digestOf(bytes));
  },
);
