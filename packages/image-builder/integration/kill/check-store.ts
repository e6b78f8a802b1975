import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

interface Documents {
  readonly manifests: readonly { readonly digest: string }[];
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

/** What is wrong with a layout, a sentence each, and how many blobs were hashed. Nothing of the store's own is used. */
export async function checkLayout(
  directory: string,
): Promise<{ readonly blobs: number; readonly wrong: string[] }> {
  const blobs = join(directory, "blobs/sha256");
  const wrong: string[] = [];
  const names = await readdir(blobs);
  for (const name of names) {
    const hex = createHash("sha256")
      .update(await readFile(join(blobs, name)))
      .digest("hex");
    if (hex !== name) wrong.push(`the blob ${name} has the bytes of ${hex}`);
  }
  async function read(path: string): Promise<Documents> {
    return JSON.parse(await readFile(join(directory, path), "utf8")) as Documents;
  }
  for (const { digest } of (await read("index.json")).manifests) {
    const hex = digest.slice("sha256:".length);
    if (!names.includes(hex)) wrong.push(`index.json names ${digest}, which is missing`);
    else {
      const { config, layers } = await read(`blobs/sha256/${hex}`);
      for (const blob of [config, ...layers])
        if (!names.includes(blob.digest.slice("sha256:".length)))
          wrong.push(`${digest} is named and lacks ${blob.digest}`);
    }
  }
  return { blobs: names.length, wrong };
}
