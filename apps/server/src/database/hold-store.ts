import { open, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { fileError, isOwnerAlive, makeDirectory, ownerTag, parseOwnerTag } from "@bootlayer/durable-file";
import { ServerError } from "../errors.ts";

const suffix = ".lock";
/** A holder says so often that it lives, for those who cannot ask for its process: it may be in another container. */
const renewMilliseconds = 10_000;
const foreignMilliseconds = 60_000;

/**
 * Holds a part of a store that one process at a time may use: its embedded database, or the store as a server's. Claims are files whose
 * names say whose they are; whoever sees another's living claim takes its own back.
 *
 * @throws {ServerError} SERVER_DATABASE while another process holds it. @throws {DurableFileError}
 */
export async function holdStore(store: string, part: "database" | "server"): Promise<AsyncDisposable> {
  await makeDirectory(store);
  const own = `${part}.${ownerTag()}${suffix}`;
  const claim = join(store, own);
  try {
    await (await open(claim, "wx")).close();
  } catch (cause) {
    throw fileError(`write ${claim}`, cause);
  }
  const other = await livingClaim(store, part, own);
  if (other !== undefined) {
    await rm(claim, { force: true });
    throw new ServerError(
      "SERVER_DATABASE",
      `process ${other.processId} holds the ${part === "database" ? "embedded database" : "server's directory"} in ${store}`,
      "stop that server, take another --store, or share a PostgreSQL by DATABASE_URL",
    );
  }
  const renewal = setInterval(() => {
    const now = new Date();
    void utimes(claim, now, now).catch(() => {});
  }, renewMilliseconds);
  renewal.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(renewal);
      await rm(claim, { force: true });
    },
  };
}

async function livingClaim(
  store: string,
  part: string,
  own: string,
): Promise<{ readonly processId: number } | undefined> {
  const names = await readdir(store).catch((cause: unknown) => {
    throw fileError(`read ${store}`, cause);
  });
  for (const name of names) {
    if (name === own || !name.startsWith(`${part}.`) || !name.endsWith(suffix)) continue;
    const owner = parseOwnerTag(name.slice(part.length + 1, -suffix.length));
    if (owner === undefined) continue;
    const path = join(store, name);
    if (isOwnerAlive(owner) ?? (await isFresh(path))) return owner;
    await rm(path, { force: true });
  }
  return undefined;
}

async function isFresh(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < foreignMilliseconds;
}
