import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { createBlockWriter, type BlockWriter } from "./block-writer.ts";
import type { CompressPool, StoredBlock } from "./compress/compress-pool.ts";
import { rawBlockFlag } from "./format/placed-content.ts";
import type { ImageFile } from "./image-file.ts";

const blockSize = 16;
const maxUnderWay = 4;

/** A file in memory. */
function memoryFile(): ImageFile & { bytes(): string } {
  let bytes = Buffer.from("head");
  return {
    position: () => bytes.length,
    append(more) {
      bytes = Buffer.concat([bytes, more]);
    },
    rewind(position) {
      bytes = bytes.subarray(0, position);
    },
    overwriteHead() {},
    flush: () => Promise.resolve(),
    settle: () => Promise.resolve(),
    sync: () => Promise.resolve(),
    bytes: () => bytes.toString(),
  };
}

/** Compresses "ab" to "a" when it is told to, in any order; all else does not shrink. */
function slowPool(): CompressPool & {
  answer(which: number): void;
  fail(error: Error): void;
  waiting(): number;
} {
  const jobs: { answer(): void; fail(error: Error): void }[] = [];
  return {
    compress(memory, length) {
      const { promise, resolve, reject } = Promise.withResolvers<StoredBlock>();
      const text = Buffer.from(memory.subarray(0, length)).toString();
      const shorter = text.endsWith("b") ? length - 1 : length;
      jobs.push({
        answer: () => {
          resolve({ bytes: memory.subarray(0, shorter), raw: shorter === length });
        },
        fail: reject,
      });
      return promise;
    },
    answer(which) {
      jobs.splice(which % jobs.length, 1)[0]?.answer();
    },
    fail(error) {
      jobs.shift()?.fail(error);
    },
    waiting: () => jobs.length,
    close: () => Promise.resolve(),
  };
}

interface Setting {
  readonly writer: BlockWriter;
  readonly pool: ReturnType<typeof slowPool>;
  readonly file: ReturnType<typeof memoryFile>;
  readonly controller: AbortController;
  readonly placed: string[];
  readonly put: (text: string, compress?: boolean) => void;
}

function setting(): Setting {
  const pool = slowPool();
  const file = memoryFile();
  const controller = new AbortController();
  const writer = createBlockWriter({ pool, file, blockSize, maxUnderWay, signal: controller.signal });
  const placed: string[] = [];
  return {
    writer,
    pool,
    file,
    controller,
    placed,
    put(text, compress = true) {
      const memory = writer.lend();
      memory.set(Buffer.from(text));
      writer.put(memory, text.length, compress, (position, word) => {
        const raw = word >= rawBlockFlag;
        placed.push(`${text}@${position}+${word % rawBlockFlag}${raw ? " raw" : ""}`);
      });
    },
  };
}

/** Lets all that is settled have its effect. */
async function settled(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test("blocks come in the order of the calls, whichever is compressed first", async () => {
  const { writer, pool, file, placed, put } = setting();
  for (const text of ["1b", "2", "3b"]) put(text);
  pool.answer(2);
  await settled();
  expect(file.bytes()).toBe("head");
  pool.answer(1);
  pool.answer(0);
  await writer.drain();
  expect(file.bytes()).toBe("head123");
  expect(placed).toEqual(["1b@4+1", "2@5+1 raw", "3b@6+1"]);
  expect(writer.counts()).toEqual({ compressedBlocks: 2, rawBlocks: 1 });
});

test("a block that is not to be compressed waits for those before it", async () => {
  const { writer, pool, file, put } = setting();
  put("1b");
  put("2b", false);
  expect(file.bytes()).toBe("head");
  pool.answer(0);
  await writer.drain();
  expect(file.bytes()).toBe("head12b");
});

test("the writer is full at so many blocks, and has room when one is in the image", async () => {
  const { writer, pool, put } = setting();
  for (let index = 0; index < maxUnderWay; index++) {
    expect(writer.isFull()).toBe(false);
    put(`${index}`);
  }
  expect(writer.isFull()).toBe(true);
  let room = false;
  const waiting = writer.room().then(() => (room = true));
  // Compressed, but not the next one: its memory is still needed.
  pool.answer(1);
  await settled();
  expect(room).toBe(false);
  pool.answer(0);
  await waiting;
  expect(writer.isFull()).toBe(false);
});

type Step =
  | { readonly kind: "file"; readonly blocks: readonly string[]; readonly dropped: boolean }
  | { readonly kind: "answer"; readonly which: number };

const block = fc.tuple(fc.stringMatching(/^[a-z]{1,12}$/), fc.constantFrom("", "b")).map(([a, b]) => a + b);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("file" as const),
    blocks: fc.array(block, { minLength: 1, maxLength: 6 }),
    dropped: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("answer" as const), which: fc.nat() }),
);

test.prop([fc.array(step, { maxLength: 25 }), fc.array(fc.nat(), { minLength: 5 })])(
  "what is taken back leaves no trace, however far its blocks have come",
  async (steps, order) => {
    const { writer, pool, file, placed, put } = setting();
    const kept: string[] = [];
    let turn = 0;
    const answerOne = async (which: number): Promise<void> => {
      if (pool.waiting() > 0) pool.answer(which);
      await settled();
    };
    for (const step of steps) {
      if (step.kind === "answer") {
        await answerOne(step.which);
        continue;
      }
      writer.mark();
      for (const text of step.blocks) {
        put(text);
        if ((order[turn++ % order.length] ?? 0) % 2 === 0) await answerOne(order[turn % order.length] ?? 0);
      }
      if (step.dropped) writer.rollback();
      else kept.push(...step.blocks);
    }
    while (pool.waiting() > 0) await answerOne(order[turn++ % order.length] ?? 0);
    await writer.drain();
    const stored = kept.map((text) => (text.endsWith("b") ? text.slice(0, -1) : text));
    expect(file.bytes()).toBe(`head${stored.join("")}`);
    expect(writer.isFull()).toBe(false);
    const { compressedBlocks, rawBlocks } = writer.counts();
    expect(compressedBlocks).toBe(kept.filter((text) => text.endsWith("b")).length);
    expect(compressedBlocks + rawBlocks).toBe(kept.length);
    // Those that were taken back may have been in the image for a while; the others are told of once, in order.
    const last = kept.length > 0 ? placed.slice(-1).map((text) => text.split("@")[0]) : [];
    if (last.length > 0 && steps.every((other) => other.kind === "answer" || !other.dropped))
      expect(placed.map((text) => text.split("@")[0])).toEqual(kept);
  },
);

test("a thread's failure is thrown by those that wait and by all that follow", async () => {
  const { writer, pool, put } = setting();
  put("1");
  const waiting = writer.drain();
  pool.fail(new Error("broken"));
  await expect(waiting).rejects.toThrow("broken");
  expect(() => {
    put("2");
  }).toThrow("broken");
  await expect(writer.room()).rejects.toThrow("broken");
});

test("an aborted signal is thrown by those that wait, and nothing more is written", async () => {
  const { writer, pool, file, controller, put } = setting();
  put("1");
  const waiting = writer.drain();
  controller.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  pool.answer(0);
  await settled();
  expect(file.bytes()).toBe("head");
});
