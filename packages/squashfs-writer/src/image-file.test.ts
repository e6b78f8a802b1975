import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { createImageFile } from "./image-file.ts";

async function withFile<T>(
  flags: string,
  use: (file: ReturnType<typeof createImageFile>, path: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "image-file-"));
  const path = join(directory, "image");
  await writeFile(path, "");
  const handle = await open(path, flags);
  try {
    return await use(createImageFile(handle, path), path);
  } finally {
    await handle.close();
    await rm(directory, { recursive: true });
  }
}

const step = fc.record({
  length: fc.oneof(fc.nat(5000), fc.nat(3_000_000)),
  rewind: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 3 }),
});

test.prop([fc.array(step, { minLength: 1, maxLength: 12 })], { numRuns: 40 })(
  "the file is what was appended and not taken back, under its head",
  async (steps) => {
    await withFile("r+", async (file, path) => {
      let expected = Buffer.alloc(0);
      const append = (bytes: Buffer): void => {
        file.append(bytes);
        expected = Buffer.concat([expected, bytes]);
      };
      append(Buffer.alloc(96));
      for (const [index, { length, rewind }] of steps.entries()) {
        append(Buffer.alloc(length, index + 1));
        if (rewind === null) continue;
        const position = 96 + Math.floor(rewind * (expected.length - 96));
        file.rewind(position);
        expected = expected.subarray(0, position);
        expect(file.position()).toBe(position);
      }
      const head = Buffer.alloc(96, "head");
      file.overwriteHead(head);
      head.copy(expected);
      await file.flush();
      expect(file.position()).toBe(expected.length);
      expect((await readFile(path)).equals(expected)).toBe(true);
    });
  },
);

test("what the system refuses is thrown with its code, then and at every later call", async () => {
  await withFile("r", async (file) => {
    expect(() => {
      file.append(Buffer.alloc(2 << 20));
    }).toThrow(expect.objectContaining({ code: "FILE_FAILED" }));
    await expect(file.settle()).rejects.toMatchObject({ code: "FILE_FAILED" });
  });
});
