import { randomUUID } from "node:crypto";
import { chmod, link, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Makes `directory` with `build` unless it is there; returns it. Several processes may ask at once: one builds, the others
 * wait. A build that fails or is killed leaves nothing under the name.
 */
export async function cachedDirectory(
  directory: string,
  build: (directory: string) => Promise<void>,
): Promise<string> {
  await mkdir(dirname(directory), { recursive: true });
  const lock = `${directory}.lock`;
  while (!(await exists(directory))) {
    if (!(await takeLock(lock))) {
      await sleep(200);
      continue;
    }
    try {
      if (!(await exists(directory))) await buildAside(directory, build);
    } finally {
      await rm(lock, { force: true });
    }
  }
  return directory;
}

async function buildAside(directory: string, build: (directory: string) => Promise<void>): Promise<void> {
  const aside = await mkdtemp(join(dirname(directory), `.${basename(directory)}-`));
  try {
    await build(aside);
    // Readable for tests of ordinary users too; mkdtemp makes it for its owner alone.
    await chmod(aside, 0o755);
    await rename(aside, directory).catch(async (cause: unknown) => {
      // Two that find the same dead lock may both build; the first one's work stands.
      if (!(await exists(directory))) throw cause;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** The lock names its process; one whose process is gone is taken away, and the next attempt may get it. */
async function takeLock(lock: string): Promise<boolean> {
  const own = `${lock}.${process.pid}.${randomUUID()}`;
  await writeFile(own, String(process.pid));
  try {
    // A link appears with its content: nobody sees a lock that names no process.
    await link(own, lock);
    return true;
  } catch {
    const owner = await readFile(lock, "utf8").catch(() => undefined);
    if (owner !== undefined && !isAlive(Number(owner))) await rm(lock, { force: true });
    return false;
  } finally {
    await rm(own);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
