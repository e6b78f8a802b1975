import { readTar, type TarEntry } from "@bootlayer/layer-flattener";
import { byteStringOf, type ByteString } from "@bootlayer/rootfs-tree";
import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { blockBytes, encodeTarHeader, padding, type TarHeaderFields } from "./tar-header.ts";

async function read(fields: TarHeaderFields): Promise<TarEntry> {
  const body = fields.storedBytes ?? 0;
  const archive = Buffer.concat([
    encodeTarHeader(fields),
    Buffer.alloc(body + padding(body)),
    Buffer.alloc(2 * blockBytes),
  ]);
  for await (const event of readTar([archive])) if (event.kind === "entry") return event.entry;
  throw new Error("no entry");
}

/** Any bytes that a name of Linux may hold. */
const name = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((bytes) => byteStringOf(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))));

const attributes = fc.record({
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  gid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  mtime: fc.record({
    seconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    nanoseconds: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999_999_999 })),
  }),
  xattrs: fc
    .array(
      fc.tuple(
        name.map((text) => `user.${text.slice(0, 200)}` as ByteString),
        fc.uint8Array({ maxLength: 300 }),
      ),
      {
        maxLength: 4,
      },
    )
    .map((pairs) => new Map(pairs)),
});

/** Values compare as bytes, whatever class holds them. */
function comparable(entry: TarEntry): object {
  const xattrs = [...entry.xattrs].map(([key, value]) => [key, Buffer.from(value).toString("hex")] as const);
  return { ...entry, xattrs: new Map(xattrs) };
}

test.prop([name, attributes, fc.integer({ min: 0, max: 3000 })])(
  "a file's header says all that it was given",
  async (path, given, size) => {
    const entry = await read({ ...given, path, typeflag: "0", storedBytes: size });
    expect(comparable(entry)).toEqual(comparable({ ...given, path, kind: "file", size }));
  },
);

test.prop([name, fc.array(name, { minLength: 1, maxLength: 12 }), attributes])(
  "a link's target is kept to the byte",
  async (path, names, given) => {
    const target = names.join("/") as ByteString;
    const symlink = await read({ ...given, path, typeflag: "2", linkTarget: target });
    expect(symlink).toMatchObject({ kind: "symlink", path, linkTarget: target });
    expect(await read({ ...given, path, typeflag: "1", linkTarget: target })).toMatchObject({
      kind: "hardlink",
      linkTarget: target,
    });
  },
);

test("a device has its number, a directory its slash, a fifo neither", async () => {
  const common = { mode: 0o600, uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 } };
  const path = "dev/x" as ByteString;
  const device = { major: 4095, minor: 2 ** 20 - 1 };
  expect(await read({ ...common, path, typeflag: "3", device })).toMatchObject({
    kind: "character-device",
    device,
  });
  expect(await read({ ...common, path, typeflag: "4", device })).toMatchObject({
    kind: "block-device",
    device,
  });
  expect(await read({ ...common, path, typeflag: "6" })).toMatchObject({ kind: "fifo" });
  expect(await read({ ...common, path: "./" as ByteString, typeflag: "5" })).toMatchObject({
    kind: "directory",
  });
});

test("a size that octal digits do not hold is in the extended header", () => {
  const header = encodeTarHeader({
    typeflag: "0",
    path: "large" as ByteString,
    mode: 0,
    uid: 0,
    gid: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    storedBytes: 2 ** 33,
  });
  expect(header.toString("latin1")).toContain("19 size=8589934592\n");
});

test("holes are where they were", async () => {
  const regions = [{ offset: 4096, length: 5 }];
  const entry = await read({
    typeflag: "0",
    path: "sparse" as ByteString,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    storedBytes: 5,
    sparse: { size: 1e12, regions },
  });
  expect(entry).toMatchObject({ kind: "file", size: 1e12, dataRegions: regions });
});
