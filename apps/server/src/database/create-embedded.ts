import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory } from "@bootlayer/durable-file";

/** Reads its arguments by itself: there is no file of it that would have to be found where this is bundled. Ends with its parent. */
const program = `
process.on("disconnect", () => process.exit(1));
const [module, dataDir] = process.argv.slice(1);
const { PGlite } = await import(module);
await (await PGlite.create(dataDir)).close();
process.exit(0);`;

const prefix = "database.new-";

/**
 * Makes the files of an empty database, whole or not at all. To do so takes a gigabyte, most of which a process keeps for good once it
 * has had it: so it is a process of its own that does.
 */
export async function createEmbedded(store: string, directory: string): Promise<void> {
  for (const name of await readdir(store))
    if (name.startsWith(prefix)) await rm(join(store, name), { recursive: true, force: true });
  const aside = await mkdtemp(join(store, prefix));
  try {
    await run(["--input-type=module", "--eval", program, import.meta.resolve("@electric-sql/pglite"), aside]);
    await rename(aside, directory);
  } catch (cause) {
    await rm(aside, { recursive: true, force: true });
    throw cause;
  }
  await syncDirectory(store);
}

async function run(command: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, command, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2000)));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (code !== 0) throw new Error(said.trim() || `the process that makes it ended with ${code ?? signal}`);
}
