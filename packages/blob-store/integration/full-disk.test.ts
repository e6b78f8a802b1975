import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "@bootlayer/image-spec";
import { requireJudge } from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasBlob, ingestBlob, openBlobStore, type BlobName, type OpenSource } from "../src/index.ts";
import { seededBytes } from "./programs/seeded-bytes.ts";

const judge = requireJudge("root", "mount");
describe.skipIf(judge.skip)(`a file system of 2 MiB${judge.reason}`, () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "blob-store-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", directory]);
  });
  afterAll(async () => {
    execFileSync("umount", [directory]);
    await rm(directory, { recursive: true });
  });

  test("a blob that does not fit is FILE_NO_SPACE and leaves nothing; one that fits follows", async () => {
    const store = await openBlobStore(directory);
    const [large, small] = [blobOf(5_000_000), blobOf(1_000_000)];
    await expect(ingestBlob(store, large, large.open)).rejects.toMatchObject({ code: "FILE_NO_SPACE" });
    expect(await hasBlob(store, large)).toBe(false);
    expect(await readdir(store.ingestDirectory)).toEqual([]);
    await ingestBlob(store, small, small.open);
    expect(await hasBlob(store, small)).toBe(true);
  });
});

function blobOf(size: number): BlobName & { readonly open: OpenSource } {
  const bytes = seededBytes("full", size);
  async function* rest(offset: number): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(offset);
  }
  return { digest: digestOf(bytes), size, open: rest };
}
