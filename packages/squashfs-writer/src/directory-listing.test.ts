import type { ByteString } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { writeListing, type ListedName, type Listing } from "./directory-listing.ts";
import { metadataReference } from "./format/metadata-chunk.ts";
import { createMetadataTable } from "./metadata-table.ts";

interface Written extends Listing {
  /** The table unpacked. */
  readonly bytes: Buffer;
}

/** A listing that begins `before` bytes into the table. */
async function write(names: Iterable<ListedName>, before = 0): Promise<Written> {
  const chunks: Uint8Array[] = [];
  const emit = (piece: Uint8Array) => (piece.length > 2 ? chunks.push(Buffer.from(piece)) : 0);
  const table = createMetadataTable("directory", { compressor: undefined, emit });
  await table.append(Buffer.alloc(before));
  const listing = await writeListing(names, table);
  await table.finish();
  return { ...listing, bytes: Buffer.concat(chunks).subarray(before) };
}

/** The number of entries of each run. */
function runsOf({ bytes, listingSize }: Written): number[] {
  const runs: number[] = [];
  for (let at = 0; at < listingSize;) {
    const count = bytes.readUInt32LE(at) + 1;
    runs.push(count);
    at += 12;
    for (let entry = 0; entry < count; entry++) at += 8 + bytes.readUInt16LE(at + 6) + 1;
    expect(at).toBeLessThanOrEqual(listingSize);
  }
  return runs;
}

function* listed(
  count: number,
  more: (index: number) => Partial<ListedName> = () => ({}),
): Generator<ListedName> {
  for (let index = 0; index < count; index++)
    yield {
      name: String(index).padStart(6, "0") as ByteString,
      type: 2,
      inode: metadataReference(0, index),
      number: index + 1,
      ...more(index),
    };
}

test("an empty directory has no listing", async () => {
  expect(await write([])).toMatchObject({ listingSize: 0, index: [] });
});

test("a run has 256 entries at most", async () => {
  expect(runsOf(await write(listed(256)))).toEqual([256]);
  expect(runsOf(await write(listed(257)))).toEqual([256, 1]);
});

test("a run's inodes begin in one chunk", async () => {
  const written = await write(listed(6, (index) => ({ inode: metadataReference(index < 4 ? 0 : 500, 1) })));
  expect(runsOf(written)).toEqual([4, 2]);
  expect(written.bytes.readUInt32LE(12 + 4 * 14 + 4)).toBe(500);
});

test.each([
  ["32,767 above", 100, 32_867, [2]],
  ["32,768 above", 100, 32_868, [1, 1]],
  ["32,768 below", 32_868, 100, [2]],
  ["32,769 below", 32_869, 100, [1, 1]],
])("a run's numbers are near the first one's: %s", async (_, first, second, runs) => {
  const written = await write(listed(2, (index) => ({ number: index === 0 ? first : second })));
  expect(runsOf(written)).toEqual(runs);
});

test("an entry has the difference to the run's number, of either sign", async () => {
  const { bytes } = await write(listed(3, (index) => ({ number: [100, 32_867, 1][index] ?? 0 })));
  expect(bytes.readUInt32LE(8)).toBe(100);
  expect([0, 1, 2].map((index) => bytes.readInt16LE(12 + index * 14 + 2))).toEqual([0, 32_767, -99]);
});

test("a listing can be entered at runs no more than 8 KiB apart, each named by its first entry", async () => {
  const before = 5000;
  const { index, listingSize, listing, bytes } = await write(listed(3000), before);
  expect(listing).toBe(metadataReference(0, before));
  const starts = [0, ...index.map(({ offset }) => offset), listingSize];
  expect(index.length).toBe(Math.floor(listingSize / 8192));
  for (const [place, start] of starts.slice(1).entries())
    expect(start - (starts[place] ?? 0)).toBeLessThanOrEqual(8192);
  for (const { offset, chunkStart, name } of index) {
    expect(bytes.toString("latin1", offset + 12 + 8, offset + 12 + 14)).toBe(name);
    expect(chunkStart).toBe(Math.floor((before + offset) / 8192) * 8194);
  }
});

test("a listing within 8 KiB has no index", async () => {
  expect((await write(listed(582))).index).toEqual([]);
  expect((await write(listed(583))).index).toHaveLength(1);
});
