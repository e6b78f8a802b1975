import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import {
  compareTrees,
  e2fsck,
  explainUmociDifference,
  listTree,
  REAL_IMAGE_NAMES,
  REAL_IMAGE_TOOLS,
  realImage,
  requireJudge,
  umociUnpack,
  withMount,
  type TreeListing,
} from "@bootlayer/test-fixtures";
import { beforeAll, describe, expect, test } from "vitest";
import { buildCli, withDirectory } from "./run-cli.ts";

const judge = requireJudge(...REAL_IMAGE_TOOLS, "umoci", "e2fsck", "mount");
const minutes = 60_000;

/** The large one takes minutes to make and to unpack: `tools/large-image.ts` asks for it. */
const asked = process.env["BOOTLAYER_REAL_IMAGES"]?.split(",");
const names = REAL_IMAGE_NAMES.filter((name) => asked?.includes(name) ?? name !== "large");

describe.skipIf(judge.skip).for(names)(`the image %s${judge.reason}`, (name) => {
  let layout = "";
  let expected: TreeListing;
  let unpackStarted = 0n;

  beforeAll(async () => {
    ({ layout } = await realImage(name));
    unpackStarted = BigInt(Date.now()) * 1_000_000n;
    // The same layers in both compressions: umoci unpacks one, and what it makes of it holds for the other.
    expected = await withDirectory(async (directory) =>
      listTree(await umociUnpack(layout, "gzip", join(directory, "bundle"))),
    );
  }, 10 * minutes);

  test.for(["gzip", "zstd"])(
    "in %s, mounted by the kernel, is what umoci unpacks, and e2fsck finds it clean",
    { timeout: 5 * minutes },
    async (compression) => {
      await withDirectory(async (directory) => {
        const disk = join(directory, "disk");
        const run = await buildCli({
          source: `oci:${layout}:${compression}`,
          output: disk,
          store: join(directory, "store"),
          flags: ["--no-cache", "--progress", "none"],
        });
        expect(run).toMatchObject({ exitCode: 0 });
        await e2fsck(disk);
        const actual = await withMount(disk, { type: "ext4" }, listTree);
        // The file system's own; none of the images has one.
        expect(actual.delete("/lost+found")).toBe(true);
        const differences = compareTrees(expected, actual);
        expect(
          differences.filter((difference) => explainUmociDifference(difference, unpackStarted) === undefined),
        ).toEqual([]);
      });
    },
  );

  test("as squashfs, mounted by the kernel, is what umoci unpacks", { timeout: 5 * minutes }, async () => {
    await withDirectory(async (directory) => {
      const disk = join(directory, "disk");
      const run = await buildCli({
        source: `oci:${layout}:gzip`,
        output: disk,
        store: join(directory, "store"),
        flags: ["--no-cache", "--progress", "none", "--format", "squashfs", "--compression", "zstd:3"],
      });
      expect(run).toMatchObject({ exitCode: 0 });
      const actual = await withMount(disk, { type: "squashfs" }, listTree);
      const differences = compareTrees(asSquashfsHolds(expected), actual);
      expect(
        differences.filter((difference) => explainUmociDifference(difference, unpackStarted) === undefined),
      ).toEqual([]);
    });
  });

  test("is the same to the byte however many threads read ahead", { timeout: 5 * minutes }, async () => {
    await withDirectory(async (directory) => {
      const sums: string[] = [];
      for (const threads of ["0", "1", "3"]) {
        const disk = join(directory, "disk");
        const run = await buildCli({
          source: `oci:${layout}:gzip`,
          output: disk,
          store: join(directory, "store"),
          flags: ["--no-cache", "--progress", "none", "--threads", threads],
        });
        expect(run).toMatchObject({ exitCode: 0 });
        const hash = createHash("sha256");
        await pipeline(createReadStream(disk, { highWaterMark: 2 ** 20 }), hash);
        sums.push(hash.digest("hex"));
        await rm(disk);
      }
      expect(new Set(sums).size).toBe(1);
    });
  });
});

/** Whole seconds from 1970 to 2106, and no access control lists. */
function asSquashfsHolds(listing: TreeListing): TreeListing {
  const second = 1_000_000_000n;
  const seconds = (time: bigint): bigint => (time < 0n ? 0n : (time / second) * second);
  return new Map(
    [...listing].map(([path, entry]) => {
      const xattrs = new Map([...entry.xattrs].filter(([name]) => !name.startsWith("system.")));
      return [path, { ...entry, mtime: seconds(entry.mtime), xattrs }];
    }),
  );
}
