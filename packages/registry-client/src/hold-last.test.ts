import { expect, test } from "vitest";
import { holdLast } from "./hold-last.ts";

/** Each chunk in the same memory. */
async function* reusing(texts: readonly string[], error?: Error): AsyncGenerator<Uint8Array> {
  const memory = Buffer.alloc(10);
  for (const text of texts) yield memory.subarray(0, memory.write(text));
  if (error) throw error;
}

async function texts(chunks: AsyncIterable<Uint8Array>, seen: string[]): Promise<void> {
  for await (const chunk of chunks) seen.push(Buffer.from(chunk).toString());
}

test("all chunks pass as they are, from a source that uses its memory again", async () => {
  const seen: string[] = [];
  await texts(holdLast(reusing(["abc", "de", "fghi", "j"])), seen);
  expect(seen).toEqual(["abc", "de", "fghi", "j"]);
});

test("the last chunk does not pass when the source ends with an error", async () => {
  const seen: string[] = [];
  const wrong = new Error("wrong");
  await expect(texts(holdLast(reusing(["abc", "de"], wrong)), seen)).rejects.toBe(wrong);
  expect(seen).toEqual(["abc"]);
});
