import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileError, isOwnerAlive, ownerTag, parseOwnerTag, type ProcessOwner } from "@bootlayer/durable-file";
import { StoreError } from "./errors.ts";
import { pause } from "./until-aborted.ts";

/** What a lock guards takes milliseconds; whoever waits that long waits for something that hangs. */
const patienceMilliseconds = 60_000;
/** A claim from elsewhere (another container, an earlier boot), whose process cannot be asked for, counts this long. */
const foreignClaimMilliseconds = 60_000;
const suffix = ".lock";

/**
 * Runs `action` while nobody else, in this process or another, runs one under the same name in the same directory.
 *
 * A claim is a file whose name says which process made it. Whoever wants the lock first makes a claim and then looks
 * for claims of others: of two that do so at once, at least one sees the other, and whoever sees one takes its own back
 * and tries again. Claims of processes that are gone are removed by whoever sees them; since no name is used twice,
 * that can never hit a living one, which a single lock file that is taken over could.
 *
 * @throws {StoreError} STORE_BUSY after a minute. What `action` throws, and the signal's reason when aborted.
 */
export async function withLock<Result>(
  directory: string,
  name: string,
  action: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const claim = await acquire(directory, name, signal);
  try {
    return await action();
  } finally {
    await rm(claim, { force: true });
  }
}

async function acquire(directory: string, name: string, signal?: AbortSignal): Promise<string> {
  const deadline = performance.now() + patienceMilliseconds;
  for (;;) {
    signal?.throwIfAborted();
    let holders = await livingClaims(directory, name);
    if (holders.length === 0) {
      const own = `${name}.${ownerTag()}${suffix}`;
      const claim = join(directory, own);
      await makeClaim(claim);
      holders = (await livingClaims(directory, name)).filter(({ claim }) => claim !== own);
      if (holders.length === 0) return claim;
      await rm(claim, { force: true });
    }
    const [holder] = holders;
    if (holder && performance.now() > deadline)
      throw new StoreError(
        "STORE_BUSY",
        `process ${holder.owner.processId} has held ${join(directory, holder.claim)} for more than a minute`,
        "end that process, or remove the file if there is no such process",
      );
    // By chance, so that two that took their claims back do not meet again for ever.
    await pause(2 + Math.random() * 30, signal);
  }
}

async function makeClaim(claim: string): Promise<void> {
  try {
    await (await open(claim, "wx")).close();
  } catch (cause) {
    throw fileError(`write ${claim}`, cause);
  }
}

interface Claim {
  readonly claim: string;
  readonly owner: ProcessOwner;
}

async function livingClaims(directory: string, name: string): Promise<Claim[]> {
  const living: Claim[] = [];
  for (const claim of await namesIn(directory)) {
    if (!claim.startsWith(`${name}.`) || !claim.endsWith(suffix)) continue;
    const owner = parseOwnerTag(claim.slice(name.length + 1, -suffix.length));
    if (!owner) continue;
    const path = join(directory, claim);
    if (await isLiving(owner, path)) living.push({ claim, owner });
    else await rm(path, { force: true });
  }
  return living;
}

/** Paths of the claims that whoever wants their locks next would remove. */
export async function listDeadClaims(directory: string): Promise<string[]> {
  const dead: string[] = [];
  for (const claim of await namesIn(directory)) {
    if (!claim.endsWith(suffix)) continue;
    const owner = parseOwnerTag(claim.slice(0, -suffix.length).replace(/^.*\./s, ""));
    const path = join(directory, claim);
    if (owner && !(await isLiving(owner, path))) dead.push(path);
  }
  return dead;
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((cause: unknown) => {
    throw fileError(`read ${directory}`, cause);
  });
}

async function isLiving(owner: ProcessOwner, path: string): Promise<boolean> {
  return isOwnerAlive(owner) ?? (await isFresh(path));
}

async function isFresh(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < foreignClaimMilliseconds;
}
