import { createHash } from "node:crypto";
import * as fc from "fast-check";
import type { ProxyFault } from "./proxy-fault.ts";
import type { FaultSchedule } from "./start-fault-proxy.ts";

/** Small bodies and large ones, their starts, ends and middles. */
const offset = fc.oneof(fc.constantFrom(0, 1), fc.nat(2000), fc.nat(400_000), fc.nat(2_000_000));

const unavailable = fc.record({
  kind: fc.constant("answer" as const),
  status: fc.constantFrom(408, 500, 502, 503, 504),
  headers: fc.constantFrom<Record<string, string>>({}, { "retry-after": "1" }),
  body: fc.constantFrom("", "upstream is gone", '{"errors":[{"code":"UNAVAILABLE"}]}', '{"errors":'),
});

/** In seconds, as a date, not at all, and as nobody should. */
const tooManyRequests = fc.record({
  kind: fc.constant("answer" as const),
  status: fc.constant(429),
  headers: fc.constantFrom<Record<string, string>>(
    {},
    { "retry-after": "0" },
    { "retry-after": "2" },
    { "retry-after": "3600" },
    { "retry-after": "999999999999999999999" },
    { "retry-after": "-5" },
    { "retry-after": "1.5" },
    { "retry-after": "soon" },
    { "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" },
    { "retry-after": "Fri, 31 Dec 9999 23:59:59 GMT" },
    { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600" },
  ),
  body: fc.constantFrom("", '{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}'),
});

const wrongContent = fc.constantFrom<ProxyFault>(
  { kind: "answer", status: 200, headers: { "content-length": "0" } },
  {
    kind: "answer",
    status: 200,
    headers: { "content-type": "text/html" },
    body: "<html><body>Please log in</body></html>",
  },
  { kind: "answer", status: 206, headers: { "content-range": "bytes 0-0/1" }, body: "x" },
);

const kinds: readonly fc.Arbitrary<ProxyFault>[] = [
  fc.constantFrom<ProxyFault>({ kind: "lose-request" }, { kind: "lose-answer" }),
  fc.record({ kind: fc.constant("lose-upload" as const), afterBytes: offset }),
  fc.constant<ProxyFault>({ kind: "withhold-answer" }),
  fc.constant<ProxyFault>({ kind: "ignore-range" }),
  fc.record({ kind: fc.constant("drop" as const), afterBytes: offset }),
  fc.record({ kind: fc.constant("stall" as const), afterBytes: offset }),
  fc.record({
    kind: fc.constant("truncate" as const),
    afterBytes: offset,
    contentLength: fc.constantFrom("of-whole", "of-part", "absent"),
  }),
  fc.record({ kind: fc.constant("corrupt" as const), atByte: offset }),
  fc.record({
    kind: fc.constant("slow" as const),
    chunkBytes: fc.constantFrom(20_000, 65_536),
    pauseMilliseconds: fc.constantFrom(1, 2),
  }),
  fc.record({
    kind: fc.constant("content-range" as const),
    lie: fc.constantFrom("absent", "malformed", "shifted", "wrong-total"),
  }),
  fc.constant<ProxyFault>({ kind: "wrong-digest" }),
  fc.record(
    { kind: fc.constant("redirect" as const), validMilliseconds: fc.constantFrom(0, 20), uses: fc.nat(2) },
    { requiredKeys: ["kind"] },
  ),
  unavailable,
  tooManyRequests,
  wrongContent,
];

/** What one schedule is like: a few kinds of faults or all of them, rare or at every request, soon over or for ever. */
const temper = fc.record({
  faults: fc
    .oneof(fc.subarray([...kinds], { minLength: 1, maxLength: 3 }), fc.constant([...kinds]))
    .map((chosen) => fc.oneof(...chosen)),
  percent: fc.constantFrom(15, 40, 70, 100),
  faultyAttempts: fc.constantFrom(1, 2, 3, 6, Number.POSITIVE_INFINITY),
});

/**
 * A schedule that a seed decides: whatever the order in which requests arrive, the n-th one for a path meets the same
 * fault in each run.
 */
export function randomFaults(seed: number): FaultSchedule {
  const { faults, percent, faultyAttempts } = draw(temper, `${seed}`);
  const isFaulty = fc.noBias(fc.nat(99)).map((value) => value < percent);
  return ({ server, method, path, attempt }) => {
    if (attempt > faultyAttempts) return undefined;
    const request = `${seed} ${server} ${method} ${path.replace(/(\/blobs\/uploads\/).*$/, "$1")} ${attempt}`;
    return draw(isFaulty, `${request} whether`) ? draw(faults, `${request} which`) : undefined;
  };
}

function draw<Value>(arbitrary: fc.Arbitrary<Value>, key: string): Value {
  const seed = createHash("sha256").update(key).digest().readInt32BE();
  const [value] = fc.sample(arbitrary, { seed, numRuns: 1 });
  if (value === undefined) throw new Error("nothing was drawn");
  return value;
}
