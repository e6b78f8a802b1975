import { createCipheriv, createHash } from "node:crypto";

/** The same bytes for the same seed, in every process, and nothing that repeats. */
export function seededBytes(seed: string, size: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(size));
}
