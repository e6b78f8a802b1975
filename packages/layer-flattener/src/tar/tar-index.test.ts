import { fc, test } from "@fast-check/vitest";
import { tarArchive, type TarEntry as FixtureEntry } from "@bootlayer/test-fixtures";
import { expect } from "vitest";
import { indexTar, readTar, TarError, type ReadAt, type TarEntry } from "../index.ts";

const file = fc.record({
  name: fc.constantFrom("a", "b/c", `${"long/".repeat(40)}name`, "layer.tar"),
  content: fc.integer({ min: 0, max: 60_000 }).map((length) => Buffer.alloc(length, `${length} `)),
  format: fc.constantFrom<NonNullable<FixtureEntry["format"]>[]>("ustar", "gnu"),
});
const other = fc.constantFrom<FixtureEntry[]>(
  { name: "d/", type: "directory" },
  { name: "l", type: "symlink", linkTarget: "t".repeat(120) },
  {
    name: "sparse",
    content: "data",
    pax: {
      "GNU.sparse.major": "0",
      "GNU.sparse.minor": "1",
      "GNU.sparse.size": "9",
      "GNU.sparse.numblocks": "1",
      "GNU.sparse.map": "5,4",
    },
  },
);
const entries = fc.array(fc.oneof(file, other), { maxLength: 12 });

function reader(archive: Buffer): ReadAt {
  return async (position, length) => archive.subarray(position, position + length);
}

async function indexed(archive: Buffer): Promise<{ entry: TarEntry; data: string }[]> {
  const found = [];
  for await (const { entry, offset, length } of indexTar(reader(archive), archive.length))
    found.push({ entry, data: archive.toString("latin1", offset, offset + length) });
  return found;
}

async function read(archive: Buffer): Promise<{ entry: TarEntry; data: string }[]> {
  const found: { entry: TarEntry; data: string }[] = [];
  for await (const event of readTar([archive])) {
    if (event.kind === "entry") found.push({ entry: event.entry, data: "" });
    const last = found.at(-1);
    if (event.kind === "data" && last) last.data += Buffer.from(event.bytes).toString("latin1");
  }
  return found;
}

function outcome(reading: Promise<unknown>): Promise<unknown> {
  return reading.catch((error: unknown) => (error instanceof TarError ? error.code : Promise.reject(error)));
}

test.prop([entries, fc.boolean()])(
  "the places are where the data is that a reader of it all finds",
  async (entries, endBlocks) => {
    const archive = tarArchive(entries, { endBlocks });
    expect(await indexed(archive)).toEqual(await read(archive));
  },
);

test.prop([entries, fc.nat()])(
  "an archive that is cut off is read alike, or fails alike",
  async (entries, cut) => {
    const whole = tarArchive(entries);
    const archive = whole.subarray(0, cut % (whole.length + 1));
    expect(await outcome(indexed(archive))).toEqual(await outcome(read(archive)));
  },
);

test("data is passed over, not read", async () => {
  const archive = tarArchive([
    { name: "large", content: Buffer.alloc(10_000_000) },
    { name: "small", content: "x" },
  ]);
  let bytes = 0;
  const counting: ReadAt = async (position, length) => {
    bytes += length;
    return archive.subarray(position, position + length);
  };
  const names = [];
  for await (const { entry } of indexTar(counting, archive.length)) names.push(entry.path);
  expect(names).toEqual(["large", "small"]);
  expect(bytes).toBeLessThan(100_000);
});

test.each([1e6, Number.MAX_SAFE_INTEGER - 1024])(
  "a size of %d that the archive has not is TAR_TRUNCATED",
  async (size) => {
    const archive = tarArchive([{ name: "liar", content: "x", size }]);
    await expect(indexed(archive)).rejects.toMatchObject({ code: "TAR_TRUNCATED" });
  },
);
