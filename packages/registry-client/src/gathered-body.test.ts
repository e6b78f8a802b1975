import { setImmediate as turn } from "node:timers/promises";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test, vi } from "vitest";
import { gatherBody } from "./gathered-body.ts";

function body() {
  const source = { pause: vi.fn<() => void>(), resume: vi.fn<() => void>(), abort: vi.fn<() => void>() };
  return { source, ...gatherBody(source) };
}

function chunk(length: number, fill = 0): Uint8Array {
  return new Uint8Array(length).fill(fill);
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Uint8Array[] = [];
  for await (const piece of pieces) copies.push(new Uint8Array(piece));
  return Buffer.concat(copies);
}

property.prop(
  [fc.array(fc.uint8Array({ minLength: 1, maxLength: 20_000, size: "max" }), { maxLength: 20 })],
  {
    numRuns: 20,
  },
)("the bytes pass as they are, however they come", async (chunks) => {
  const { pieces, push, end } = body();
  const expected = Buffer.concat(chunks);
  const all = collect(pieces);
  for (const [index, bytes] of chunks.entries()) {
    push(new Uint8Array(bytes));
    if (index % 3 === 0) await turn();
  }
  end();
  expect((await all).equals(expected)).toBe(true);
});

test("what has come within one turn is one piece, and nothing more is waited for", async () => {
  const { pieces, push } = body();
  const reader = pieces[Symbol.asyncIterator]();
  const first = reader.next();
  push(chunk(10));
  push(chunk(20));
  expect((await first).value).toHaveLength(30);
});

test("a reader that does not read pauses the connection, and reading resumes it", async () => {
  const { pieces, push, source } = body();
  for (let pushed = 0; pushed < 8; pushed++) push(chunk(64 * 1024, pushed));
  expect(source.pause).toHaveBeenCalledOnce();
  const { value } = await pieces[Symbol.asyncIterator]().next();
  expect(value).toHaveLength(8 * 64 * 1024);
  expect(source.resume).toHaveBeenCalledOnce();
});

test("large chunks are given back to the system, small parts of others' memory are not", async () => {
  const { pieces, push } = body();
  const shared = Buffer.alloc(64 * 1024);
  const [own, part] = [chunk(64 * 1024), shared.subarray(1)];
  push(own);
  push(part);
  await pieces[Symbol.asyncIterator]().next();
  expect(own).toHaveLength(0);
  expect(part).toHaveLength(64 * 1024 - 1);
});

describe("when the connection breaks", () => {
  const broken = new Error("broken");

  test("what came before is given first", async () => {
    const { pieces, push, fail } = body();
    push(chunk(5));
    fail(broken, false);
    const reader = pieces[Symbol.asyncIterator]();
    expect((await reader.next()).value).toHaveLength(5);
    await expect(reader.next()).rejects.toBe(broken);
  });

  test("by the reader's own wish nothing is", async () => {
    const { pieces, push, fail } = body();
    push(chunk(5));
    fail(broken, true);
    await expect(pieces[Symbol.asyncIterator]().next()).rejects.toBe(broken);
  });
});

test("a reader that leaves early ends the connection; one that reads to the end does not", async () => {
  const early = body();
  early.push(chunk(5));
  const reader = early.pieces[Symbol.asyncIterator]();
  await reader.next();
  await reader.return?.();
  expect(early.source.abort).toHaveBeenCalledOnce();

  const whole = body();
  whole.push(chunk(5));
  whole.end();
  await collect(whole.pieces);
  expect(whole.source.abort).not.toHaveBeenCalled();
});

describe("a body that is discarded", () => {
  test("is read up to its end", async () => {
    const { discard, push, end, source } = body();
    push(chunk(5));
    const done = discard(10);
    push(chunk(5));
    end();
    await done;
    expect(source.abort).not.toHaveBeenCalled();
  });

  test("ends the connection if it is too long for that", async () => {
    const { discard, push, fail, source } = body();
    source.abort.mockImplementation(() => fail(new Error("ended"), false));
    const done = discard(10);
    push(chunk(11));
    await done;
    expect(source.abort).toHaveBeenCalledOnce();
  });
});
