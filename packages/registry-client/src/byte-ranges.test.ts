import { setTimeout as wait } from "node:timers/promises";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test, vi } from "vitest";
import { splitBytes, type OpenRange, type SplitOptions } from "./byte-ranges.ts";

const bytes = Buffer.from(
  Uint8Array.from({ length: 5000 }, (_, index) => (index * 37 + (index >> 8)) & 0xff),
);
const { signal } = new AbortController();
const nothing = (): void => {};

interface Asked {
  readonly first: number;
  readonly end: number | undefined;
}

/** A host of those bytes, in chunks of 100, each of which takes a moment. */
function host({
  etagOf = () => '"a"',
  brokenAt = Infinity,
}: {
  readonly etagOf?: (asked: Asked) => string | undefined;
  /** Ranges but the first stream break here. */
  readonly brokenAt?: number;
} = {}): { readonly open: OpenRange; readonly asked: Asked[] } {
  const asked: Asked[] = [];
  return {
    asked,
    async open(first, end, within) {
      asked.push({ first, end });
      async function* body(): AsyncGenerator<Uint8Array> {
        for (let at = first; at < (end ?? bytes.length); at += 100) {
          await wait(1, undefined, { signal: within });
          if (end !== undefined && at >= brokenAt) throw new Error("broken");
          yield bytes.subarray(at, Math.min(at + 100, end ?? bytes.length));
        }
      }
      return { etag: etagOf({ first, end }), body: body() };
    },
  };
}

async function split(
  { open }: { readonly open: OpenRange },
  position = 0,
  options: Partial<SplitOptions> = {},
): Promise<{
  readonly got: Buffer;
  readonly error: unknown;
  readonly onUnproven: () => void;
  readonly onSplit: () => void;
}> {
  const [onUnproven, onSplit] = [vi.fn<() => void>(), vi.fn<() => void>()];
  const all = { size: bytes.length, ranges: 3, slowBytesPerSecond: 1e9, judgedBytes: 250, rangeBytes: 700 };
  const parts: Buffer[] = [];
  let error: unknown;
  try {
    for await (const chunk of splitBytes(open, position, { ...all, onUnproven, onSplit, ...options }, signal))
      parts.push(Buffer.from(chunk));
  } catch (cause) {
    error = cause;
  }
  return { got: Buffer.concat(parts), error, onUnproven, onSplit };
}

test("a slow stream is followed by ranges, closed, without gaps, in order", async () => {
  const { open, asked } = host();
  const { got, error, onSplit, onUnproven } = await split({ open });
  expect(error).toBeUndefined();
  expect(got.equals(bytes)).toBe(true);
  expect(asked).toEqual([
    { first: 0, end: undefined },
    ...[1000, 1700, 2400, 3100, 3800, 4500].map((first) => ({ first, end: Math.min(first + 700, 5000) })),
  ]);
  expect(onSplit).toHaveBeenCalledOnce();
  expect(onUnproven).not.toHaveBeenCalled();
});

test("at most as many ranges as are wanted are on their way", async () => {
  let [now, most] = [0, 0];
  const { open } = host();
  await split({
    async open(first, end, within) {
      const answer = await open(first, end, within);
      async function* counted(): AsyncGenerator<Uint8Array> {
        most = Math.max(most, end === undefined ? 0 : ++now);
        yield* answer.body;
        if (end !== undefined) now--;
      }
      return { ...answer, body: counted() };
    },
  });
  expect(most).toBe(3);
});

describe("one stream it stays", () => {
  test.for<[string, Parameters<typeof host>[0], Partial<SplitOptions>, number]>([
    ["where it is fast", {}, { slowBytesPerSecond: 1 }, 0],
    ["without an ETag", { etagOf: () => undefined }, {}, 0],
    ["with a weak ETag", { etagOf: () => 'W/"a"' }, {}, 0],
    ["where too little is left", {}, { rangeBytes: 2500 }, 0],
    ["where the range has another ETag", { etagOf: ({ end }) => (end === undefined ? '"a"' : '"b"') }, {}, 1],
  ])("%s", async ([, given, options, unproven]) => {
    const { got, onSplit, onUnproven } = await split(host(given), 0, options);
    expect(got.equals(bytes)).toBe(true);
    expect(onSplit).not.toHaveBeenCalled();
    expect(onUnproven).toHaveBeenCalledTimes(unproven);
  });

  test("where the range is refused", async () => {
    const { open } = host();
    const refusing: OpenRange = async (first, end, within) => {
      if (end !== undefined) throw new Error("416");
      return open(first, end, within);
    };
    const { got, onUnproven } = await split({ open: refusing });
    expect(got.equals(bytes)).toBe(true);
    expect(onUnproven).toHaveBeenCalledOnce();
  });
});

/** Ranges are answered once the stream has come so far. */
function answeringAt(place: number) {
  const { open, asked } = host();
  const reached = Promise.withResolvers<void>();
  const signals: AbortSignal[] = [];
  const late: OpenRange = async (first, end, within) => {
    const { etag, body } = await open(first, end, within);
    if (end !== undefined) {
      signals.push(within);
      await reached.promise;
      return { etag, body };
    }
    async function* watched(): AsyncGenerator<Uint8Array> {
      let at = first;
      for await (const chunk of body) {
        if (at >= place) reached.resolve();
        yield chunk;
        at += chunk.length;
      }
    }
    return { etag, body: watched() };
  };
  return { open: late, asked, signals };
}

describe("the stream goes on while its first range is not answered,", () => {
  test.for([900, 1000, 1300, 1500])("and what it has by then is not given twice (%i)", async (place) => {
    const { open, asked } = answeringAt(place);
    const { got, onSplit, onUnproven } = await split({ open });
    expect(got.equals(bytes)).toBe(true);
    expect(onSplit).toHaveBeenCalledOnce();
    expect(onUnproven).not.toHaveBeenCalled();
    expect(asked[1]).toEqual({ first: 1000, end: 1700 });
    expect(asked.length).toBe(7);
  });

  test.for([1800, 4900, 6000])("and gives it up where it has all of its bytes itself (%i)", async (place) => {
    const { open, asked, signals } = answeringAt(place);
    const { got, onSplit, onUnproven } = await split({ open });
    expect(got.equals(bytes)).toBe(true);
    expect(onSplit).not.toHaveBeenCalled();
    expect(onUnproven).not.toHaveBeenCalled();
    expect(asked.length).toBe(2);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

test("what a range breaks with comes after all bytes before it", async () => {
  const { got, error, onSplit } = await split(host({ brokenAt: 2600 }));
  expect(error).toMatchObject({ message: "broken" });
  expect(got.equals(bytes.subarray(0, 2600))).toBe(true);
  expect(onSplit).toHaveBeenCalledOnce();
});

test("a later range with another ETag is REGISTRY_RANGE", async () => {
  const { got, error } = await split(host({ etagOf: ({ first }) => (first > 2000 ? '"b"' : '"a"') }));
  expect(error).toMatchObject({ code: "REGISTRY_RANGE" });
  expect(got.equals(bytes.subarray(0, 2400))).toBe(true);
});

test("left early, all ranges are given up", async () => {
  const signals: AbortSignal[] = [];
  const { open } = host();
  const watched: OpenRange = (first, end, within) => {
    signals.push(within);
    return open(first, end, within);
  };
  const options = { size: 5000, ranges: 3, slowBytesPerSecond: 1e9, judgedBytes: 250, rangeBytes: 700 };
  let got = 0;
  for await (const chunk of splitBytes(
    watched,
    0,
    { ...options, onUnproven: nothing, onSplit: nothing },
    signal,
  ))
    if ((got += chunk.length) > 1500) break;
  expect(signals.length).toBeGreaterThan(2);
  expect(signals.slice(1).every(({ aborted }) => aborted)).toBe(true);
});

property.prop([fc.nat(4000), fc.integer({ min: 2, max: 5 }), fc.integer({ min: 1, max: 1500 })], {
  numRuns: 25,
})(
  "from any place, by any number and length of ranges, the bytes are the same",
  async (position, ranges, rangeBytes) => {
    const { got, error } = await split(host(), position, { ranges, rangeBytes });
    expect(error).toBeUndefined();
    expect(got.equals(bytes.subarray(position))).toBe(true);
  },
);
