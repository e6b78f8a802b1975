import { join } from "node:path";
import { openBlobStore } from "@bootlayer/blob-store";
import { createDurableFile } from "@bootlayer/durable-file";
import { buildDisk, type BuildResult } from "../build.ts";
import type { BuildRequest, Environment } from "../build-options.ts";
import { parseSource } from "../source.ts";
import { describeDisk } from "./disk-description.ts";
import { diskTarget, pushDisk, type PushDiskResult } from "./push-disk.ts";

/** A disk that is to be built, if the cache does not have it, and to go to a registry. */
export interface PublishDiskRequest extends Omit<BuildRequest, "output"> {
  /** As `pushDisk` takes it; default: the repository of the source. */
  readonly target?: string | undefined;
}

export interface PublishDiskResult {
  readonly build: BuildResult;
  readonly push: PushDiskResult;
}

/** Builds a disk and pushes it. @throws what `buildDisk` and `pushDisk` do. */
export async function publishDisk(
  { target: asked, ...request }: PublishDiskRequest,
  environment: Environment,
): Promise<PublishDiskResult> {
  const target = asked ?? repositoryOf(request.source);
  diskTarget(target);
  const store = await openBlobStore(environment.store);
  const place = await createDurableFile(join(store.directory, "disk"), {
    temporaryDirectory: store.ingestDirectory,
  });
  try {
    const build = await buildDisk({ ...request, output: place.temporaryPath }, environment);
    const { dataRegions } = build;
    const description = describeDisk(build);
    const push = await pushDisk({ disk: build.output, description, dataRegions, target }, environment);
    return { build, push };
  } finally {
    await place.discard();
  }
}

/** A source that is no reference in a registry has no repository, and is refused as a target. */
function repositoryOf(source: string): string {
  const parsed = parseSource(source);
  return parsed.kind === "registry" ? `${parsed.reference.registry}/${parsed.reference.repository}` : source;
}
