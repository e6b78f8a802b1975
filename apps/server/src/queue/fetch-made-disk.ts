import { isBootlayerError } from "@bootlayer/errors";
import { fetchDisk, parseSource, type Environment, type FetchDiskResult } from "@bootlayer/image-builder";
import type { ServerSettings } from "../settings.ts";
import type { ClaimedBuild } from "./build-claims.ts";
import type { WorkerContext } from "./worker-context.ts";

export interface MadeDiskRequest {
  readonly key: string;
  /** Of the image's manifest. */
  readonly digest: string;
  /** Where the disk goes. */
  readonly output: string;
}

/**
 * Brings the disk of a key from the source's repository, where the server is told to trust what was pushed there. Undefined where it is
 * not, or no such disk is there, or it is not what it says: then it is to be built.
 */
export async function fetchMadeDisk(
  { settings, metrics, log }: Pick<WorkerContext, "settings" | "metrics" | "log">,
  { buildId, request: { source, format } }: Pick<ClaimedBuild, "buildId" | "request">,
  { key, digest, output }: MadeDiskRequest,
  environment: Environment & { readonly signal: AbortSignal },
): Promise<FetchDiskResult | undefined> {
  const repository = trustedRepository(source, settings);
  if (repository === undefined) return undefined;
  try {
    const fetched = await fetchDisk({ source: `${repository}@${digest}`, output, key, format }, environment);
    metrics.diskFetched("fetched");
    return fetched;
  } catch (error) {
    environment.signal.throwIfAborted();
    if (!isBootlayerError(error)) throw error;
    const { code, message } = error;
    metrics.diskFetched(code === "DISK_NOT_FOUND" ? "absent" : "failed");
    if (code === "DISK_NOT_FOUND") log.debug({ buildId }, message);
    else log.warn({ buildId, code }, `a disk could not be fetched, so it is built: ${message}`);
    return undefined;
  }
}

/** The repository of a source, if its disks are to be taken. */
function trustedRepository(
  source: string,
  { fetchDisks }: Pick<ServerSettings, "fetchDisks">,
): string | undefined {
  const parsed = parseSource(source);
  if (parsed.kind !== "registry") return undefined;
  const { registry, repository } = parsed.reference;
  const name = `${registry}/${repository}`;
  return fetchDisks.some((place) => name === place || name.startsWith(`${place}/`)) ? name : undefined;
}
