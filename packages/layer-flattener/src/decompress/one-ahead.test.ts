import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { oneAhead } from "./one-ahead.ts";

/** A source that uses one piece of memory for all its chunks. */
async function* reusing(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  const memory = Buffer.alloc(64);
  for (const chunk of chunks) {
    memory.fill(0xee);
    memory.set(chunk);
    yield memory.subarray(0, chunk.length);
  }
  memory.fill(0xee);
}

property.prop([fc.array(fc.uint8Array({ maxLength: 64 }))])(
  "chunks come as they were, though their source uses its memory again",
  async (chunks) => {
    const received: Buffer[] = [];
    for await (const chunk of oneAhead(reusing(chunks))) {
      // The next chunk is taken meanwhile.
      await Promise.resolve();
      received.push(Buffer.from(chunk));
    }
    expect(received.map((chunk) => [...chunk])).toEqual(chunks.map((chunk) => [...chunk]));
  },
);

test("the next chunk is asked for before the last one is given back", async () => {
  let asked = 0;
  async function* counting(): AsyncGenerator<Uint8Array> {
    for (; asked < 3; asked++) yield Buffer.from([asked]);
  }
  const ahead = oneAhead(counting());
  await ahead.next();
  await new Promise(setImmediate);
  expect(asked).toBe(1);
  await ahead.return(undefined);
});

test("a source's failure comes after the chunks before it, and its end is told to the source", async () => {
  let ended = false;
  async function* failing(): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from("a");
      throw new Error("broken");
    } finally {
      ended = true;
    }
  }
  const ahead = oneAhead(failing());
  expect((await ahead.next()).value).toEqual(Buffer.from("a"));
  await expect(ahead.next()).rejects.toThrow("broken");
  expect(ended).toBe(true);
});
