import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createDurableFile, fileError } from "@bootlayer/durable-file";

/** Names the server of a store to the others of a database, for as long as the store is there. @throws {DurableFileError} */
export async function readServerId(store: string): Promise<string> {
  const path = join(store, "server-id");
  const found = (await readFile(path, "utf8").catch(() => "")).trim();
  if (/^[0-9a-f-]{36}$/.test(found)) return found;
  const id = randomUUID();
  const file = await createDurableFile(path);
  try {
    await file.handle.writeFile(`${id}\n`);
    await file.commit();
  } catch (cause) {
    await file.discard();
    throw fileError(`write ${path}`, cause);
  }
  return id;
}
