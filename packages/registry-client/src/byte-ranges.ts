import { RegistryError } from "./errors.ts";

/**
 * One large blob by several connections at once, for hosts that give each connection a share of what the line could carry.
 *
 * In the field this has failed wherever it was taken for granted, so it is done only on proof: the first stream has to be slow, name a
 * strong ETag, and a closed range further on has to be answered by exactly that range of the same ETag (RFC 9110, 14.2 and 8.8.3).
 * Until then, and where any of it is missing, nothing has changed for the first stream.
 */

/** An answer that starts where it was asked to. */
export interface RangeAnswer {
  /** As the host wrote it. */
  readonly etag: string | undefined;
  /** Exactly the bytes that were asked for, or an error. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Asks for the bytes from `first` to the blob's end, or to before `end`. Throws where the answer is of other bytes. */
export type OpenRange = (first: number, end: number | undefined, signal: AbortSignal) => Promise<RangeAnswer>;

export interface SplitOptions {
  /** Of the blob. */
  readonly size: number;
  /** Ranges asked for at once, 2 or more. */
  readonly ranges: number;
  /** A stream that gives less is slow. */
  readonly slowBytesPerSecond: number;
  /** What the first stream gives before it is judged. */
  readonly judgedBytes: number;
  /** Of a range; as many bytes of memory for each of them. */
  readonly rangeBytes: number;
  /** The host gave something else than the range that it was asked for, and goes on with the first stream. */
  readonly onUnproven: () => void;
  /** From here on what fails may be the fault of the ranges. */
  readonly onSplit: () => void;
}

/** The bytes from `position` on, in order. Throws what the first stream throws, and once split what a range does. */
export async function* splitBytes(
  open: OpenRange,
  position: number,
  options: SplitOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { size, ranges, rangeBytes, onUnproven, onSplit } = options;
  const ending = new AbortController();
  const both = AbortSignal.any([signal, ending.signal]);
  const start = (first: number, etag: string): Range =>
    startRange(open, { first, end: Math.min(first + rangeBytes, size), etag }, both);
  try {
    const { etag, body } = await open(position, undefined, signal);
    let probe: Range | undefined;
    for await (const { chunk, isSlow } of judged(body, options)) {
      // Until it is answered, the stream does not stop for the probe: that may be waiting for the stream's own place.
      const wanted =
        probe?.isProven() === true ? chunk.subarray(0, Math.max(0, probe.first - position)) : chunk;
      position += wanted.length;
      if (wanted.length > 0) yield wanted;
      if (probe?.isProven() === true && position >= probe.first && position < probe.end) break;
      if (probe?.isProven() === false) {
        onUnproven();
        probe = undefined;
      } else if (probe && position >= probe.end) {
        ending.abort();
        probe = undefined;
      } else if (isSlow && isStrong(etag) && size - position > 2 * rangeBytes)
        probe = start(position + rangeBytes, etag);
    }
    if (!probe || !isStrong(etag) || position === size) return;
    onSplit();
    const queue = [probe];
    let next = probe.end;
    while (queue.length > 0) {
      while (queue.length < ranges && next < size) {
        queue.push(start(next, etag));
        next += rangeBytes;
      }
      const range = queue.shift();
      if (!range) break;
      yield* range.from(position);
      position = range.end;
    }
  } finally {
    ending.abort();
  }
}

/** Says once whether the stream is slow. Only the time spent waiting for it counts. */
async function* judged(
  body: AsyncIterable<Uint8Array>,
  { judgedBytes, slowBytesPerSecond }: SplitOptions,
): AsyncGenerator<{ readonly chunk: Uint8Array; readonly isSlow: boolean }> {
  let [received, waited, asked] = [0, 0, performance.now()];
  let isJudged = false;
  for await (const chunk of body) {
    waited += performance.now() - asked;
    received += chunk.length;
    const isDue: boolean = !isJudged && received >= judgedBytes;
    isJudged ||= isDue;
    yield { chunk, isSlow: isDue && received < (slowBytesPerSecond * waited) / 1000 };
    asked = performance.now();
  }
}

/** A range on its way into memory of its own. */
interface Range {
  readonly first: number;
  /** Behind the last byte. */
  readonly end: number;
  /** Whether the answer is that range of the same thing; undefined while there is none. */
  isProven(): boolean | undefined;
  /** What it has from `position` of the blob on. */
  from(position: number): AsyncGenerator<Uint8Array>;
}

function startRange(
  open: OpenRange,
  { first, end, etag }: { readonly first: number; readonly end: number; readonly etag: string },
  signal: AbortSignal,
): Range {
  const memory = Buffer.allocUnsafeSlow(end - first);
  let received = 0;
  let isProven: boolean | undefined;
  let arrival = Promise.withResolvers<void>();

  async function read({ body }: RangeAnswer): Promise<void> {
    for await (const chunk of body) {
      memory.set(chunk, received);
      received += chunk.length;
      arrival.resolve();
      arrival = Promise.withResolvers<void>();
    }
  }

  const answer = open(first, end, signal);
  answer.then(
    (given) => (isProven = given.etag === etag),
    () => (isProven = false),
  );
  const whole = answer.then(read);
  // Who reads it is told; until then nobody listens.
  whole.catch(() => {});
  return {
    first,
    end,
    isProven: () => isProven,
    async *from(position) {
      if ((await answer).etag !== etag)
        throw new RegistryError(
          "REGISTRY_RANGE",
          "another range has another ETag",
          "download it by one stream",
        );
      for (let given = position - first; given < memory.length;) {
        if (received <= given) {
          await Promise.race([arrival.promise, whole]);
          continue;
        }
        const upTo = received;
        yield memory.subarray(given, upTo);
        given = upTo;
      }
      await whole;
    },
  };
}

/** A weak one may name other bytes (RFC 9110, 8.8.3). */
function isStrong(etag: string | undefined): etag is string {
  return etag !== undefined && /^"[^"]+"$/.test(etag);
}
