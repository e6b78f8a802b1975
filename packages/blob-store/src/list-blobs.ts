import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { namesIn } from "@bootlayer/durable-file";
import { isDigest, type Digest } from "@bootlayer/image-spec";
import { blobPath, type Layout } from "./layout.ts";

/** What has a blob's name. */
export interface ListedBlob {
  readonly digest: Digest;
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** When its last byte was written, in milliseconds since 1970. */
  readonly time: number;
}

/** All blobs of a layout, in no order. Names that are no digest's are passed over. @throws {DurableFileError} */
export async function* listBlobs(layout: Layout): AsyncGenerator<ListedBlob> {
  for (const algorithm of ["sha256", "sha512"]) {
    const directory = join(layout.directory, "blobs", algorithm);
    for (const name of await namesIn(directory)) {
      const digest = `${algorithm}:${name}`;
      if (!isDigest(digest)) continue;
      const path = blobPath(layout, digest);
      const found = await lstat(path).catch(() => undefined);
      if (found) yield { digest, path, size: found.size, time: found.mtimeMs };
    }
  }
}
