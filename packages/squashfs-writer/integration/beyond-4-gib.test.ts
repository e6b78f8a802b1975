import { hash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { byteString, type ContentHandle, type DirectoryNode } from "@bootlayer/rootfs-tree";
import { listTree, requireJudge, withMount } from "@bootlayer/test-fixtures";
import { attributes, withDirectory } from "@bootlayer/test-fixtures/image-writers";
import { describe, expect, test } from "vitest";
import { compressionIds } from "../src/compress/compressor.ts";
import { writeMetadata } from "../src/finish.ts";
import { rawBlockFlag, type PlacedContent } from "../src/format/placed-content.ts";
import { makeImage } from "./judging.ts";

const blockSize = 4096;
const gibibyte = 2 ** 30;

const judge = requireJudge("root", "mount", "python3");
describe.skipIf(judge.skip)(`under the kernel${judge.reason}`, () => {
  test("a sparse file of 5 GiB shows its data and its zeros", async () => {
    await withDirectory(async (directory) => {
      const size = 5 * gibibyte + 1;
      const places = [0, 4 * gibibyte - 3, 5 * gibibyte - 4];
      const { path } = await makeImage(join(directory, "image"), {}, async (tree) => {
        const sink = tree.writer.openContent({
          size,
          dataRegions: places.map((offset) => ({ offset, length: 5 })),
        });
        await sink.write(Buffer.from("firstcrossfinal"));
        tree.add("sparse", { kind: "file", attributes: attributes(), size, content: sink.close() });
      });
      await withMount(path, { type: "squashfs" }, async (mounted) => {
        const file = await open(join(mounted, "sparse"));
        try {
          const status = await file.stat();
          expect(status.size).toBe(size);
          expect(status.blocks * 512).toBeLessThan(4 * 2 ** 20);
          const read = async (position: number): Promise<string> =>
            (await file.read(Buffer.alloc(9), 0, 9, position)).buffer.toString("latin1");
          expect(await read(0)).toBe("first\0\0\0\0");
          expect(await read(4 * gibibyte - 5)).toBe("\0\0cross\0\0");
          expect(await read(2 * gibibyte)).toBe("\0".repeat(9));
          expect(await read(5 * gibibyte - 6)).toBe("\0\0final\0\0");
          expect((await file.read(Buffer.alloc(9), 0, 9, size - 2)).bytesRead).toBe(2);
        } finally {
          await file.close();
        }
      });
    });
  });

  test("blocks, fragments and tables may lie beyond 4 GiB of the image", async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, "image");
      const image = await open(path, "w");
      const block = Buffer.alloc(blockSize, "a block. ");
      const tail = Buffer.from("a tail");
      const start = 5 * gibibyte;
      await image.write(Buffer.concat([block, tail]), 0, blockSize + tail.length, start);
      const content: PlacedContent = {
        size: blockSize + tail.length,
        start,
        blocks: Uint32Array.of(blockSize | rawBlockFlag),
        fragment: { index: 0, offset: 0 },
        sparseBytes: 0,
      };
      const metadata: Buffer[] = [];
      let position = start + blockSize + tail.length;
      const metadataStart = position;
      let head = Buffer.alloc(0);
      const none = { inodes: false, data: false, fragments: false, xattrs: false };
      await writeMetadata(treeOfOneFile(content.size), {
        options: {
          blockSize,
          time: { seconds: 0, nanoseconds: 0 },
          uncompressed: none,
          fragments: true,
          deduplicate: true,
          exportTable: true,
        },
        description: { id: compressionIds.gzip, options: undefined },
        compressor: { compress: () => undefined },
        contents: { count: 1, get: () => content },
        fragments: [{ start: start + blockSize, word: tail.length | rawBlockFlag }],
        output: {
          position: () => position,
          append(bytes) {
            metadata.push(Buffer.from(bytes));
            position += bytes.length;
          },
          overwriteHead(bytes) {
            head = Buffer.from(bytes);
          },
        },
        signal: undefined,
      });
      await image.write(Buffer.concat(metadata), 0, position - metadataStart, metadataStart);
      await image.write(head, 0, head.length, 0);
      await image.close();
      const listing = await withMount(path, { type: "squashfs" }, listTree);
      const { size, sha256 } = listing.get("/file") ?? {};
      expect(size).toBe(content.size);
      expect(sha256).toBe(hash("sha256", Buffer.concat([block, tail])));
    });
  });
});

function treeOfOneFile(size: number): DirectoryNode {
  const content = 0 as ContentHandle;
  return {
    kind: "directory",
    attributes: attributes({ mode: 0o755 }),
    entries: new Map([[byteString("file"), { kind: "file", attributes: attributes(), size, content }]]),
  };
}
