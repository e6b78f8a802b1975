import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Scripts and sources that go into the images, one directory for each image; beside `src`, and so beside `dist`. */
const DIRECTORY = join(import.meta.dirname, "..", "..", "guest-images");

export function imageFile(...path: readonly string[]): string {
  return join(DIRECTORY, ...path);
}

/** Names and contents of an image's files, if it has any: they decide its bytes, as its packages do. */
export async function imageFiles(image: string): Promise<[name: string, content: string][]> {
  const names = existsSync(imageFile(image)) ? (await readdir(imageFile(image))).toSorted() : [];
  return await Promise.all(
    names.map(async (name): Promise<[string, string]> => [
      name,
      await readFile(imageFile(image, name), "utf8"),
    ]),
  );
}
