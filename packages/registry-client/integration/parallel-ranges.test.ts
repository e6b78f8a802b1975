import { randomBytes } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { digestOf, verifiedBytes } from "@bootlayer/image-spec";
import { expect, test } from "vitest";
import { fetchBlob, parseReference, type RegistryClientOptions } from "../src/index.ts";
import { connect, listen } from "./loopback.ts";

const bytes = randomBytes(40 * 2 ** 20);
const blob = { digest: digestOf(bytes), size: bytes.length };
const pieceBytes = 256 * 1024;

/** A registry of that blob, which gives each connection some 25 MiB/s; and a client of it. */
async function slowRegistry(
  options: RegistryClientOptions = {},
  stallsAt: (first: number) => boolean = () => false,
): Promise<{
  download: () => Promise<Uint8Array>;
  ranges: (string | undefined)[];
  events: { kind: string }[];
}> {
  const ranges: (string | undefined)[] = [];
  async function send(response: ServerResponse, first: number, end: number): Promise<void> {
    for (let at = first; at < end && !response.destroyed; at += pieceBytes) {
      await wait(stallsAt(at) ? 5000 : 10);
      response.write(bytes.subarray(at, Math.min(at + pieceBytes, end)));
    }
    response.end();
  }
  const server = createServer(({ headers: { range } }, response) => {
    ranges.push(range);
    const [, from = "0", to = String(bytes.length - 1)] = /^bytes=(\d+)-(\d+)?$/.exec(range ?? "") ?? [];
    const [first, end] = [Number(from), Number(to) + 1];
    response.writeHead(range === undefined ? 200 : 206, {
      etag: '"one"',
      "content-length": end - first,
      ...(range === undefined ? {} : { "content-range": `bytes ${first}-${end - 1}/${bytes.length}` }),
    });
    void send(response, first, end);
  });
  const reference = parseReference(`${await listen(server)}/test`);
  const { client, events } = connect({ slowBytesPerSecond: 64 * 2 ** 20, ...options });
  const { signal } = new AbortController();
  return {
    ranges,
    events,
    download: () => verifiedBytes(fetchBlob(client, reference, blob, { signal }), blob),
  };
}

test("a large blob that comes slowly is fetched by several closed ranges, and is what it was", async () => {
  const { download, ranges } = await slowRegistry();
  expect(Buffer.from(await download()).equals(bytes)).toBe(true);
  expect(ranges[0]).toBeUndefined();
  expect(ranges.length).toBeGreaterThan(2);
  for (const range of ranges.slice(1)) expect(range).toMatch(/^bytes=\d+-\d+$/);
});

test.for<[string, RegistryClientOptions]>([
  ["parallelRanges is 1", { parallelRanges: 1 }],
  ["its stream is fast enough", { slowBytesPerSecond: 1000 }],
  ["a host bears one request", { maxConnectionsPerHost: 1 }],
  ["all hosts together bear one request", { maxConnections: 1 }],
])("it comes by one stream where %s", async ([, options]) => {
  const { download, ranges } = await slowRegistry(options);
  expect(Buffer.from(await download()).equals(bytes)).toBe(true);
  expect(ranges).toEqual([undefined]);
});

test("blobs whose streams take all of a host's room wait for no ranges that have none", async () => {
  const { download } = await slowRegistry({ maxConnectionsPerHost: 2 });
  for (const got of await Promise.all([download(), download(), download()]))
    expect(Buffer.from(got).equals(bytes)).toBe(true);
});

test("a range that stalls does not fail the pull: it goes on by one stream, and so does the next blob", async () => {
  let isStalling = true;
  const { download, ranges, events } = await slowRegistry({ stallMilliseconds: 300 }, (at) => {
    const stalls = isStalling && at > 24 * 2 ** 20;
    if (stalls) isStalling = false;
    return stalls;
  });
  expect(Buffer.from(await download()).equals(bytes)).toBe(true);
  expect(events).toContainEqual(expect.objectContaining({ kind: "blob-resumed" }));
  expect(ranges.at(-1)).toMatch(/^bytes=\d+-$/);
  const before = ranges.length;
  expect(Buffer.from(await download()).equals(bytes)).toBe(true);
  expect(ranges.slice(before)).toEqual([undefined]);
});
