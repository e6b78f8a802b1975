import { createReadStream } from "node:fs";
import type { BlobName } from "@bootlayer/blob-store";
import type { Digest } from "@bootlayer/image-spec";
import { pushBlob, pushManifest, type PushedBlob, type Reference } from "@bootlayer/registry-client";
import type { Environment } from "../build-options.ts";
import { connectRegistry } from "../connect-registry.ts";
import type { BuildEvent } from "../events.ts";
import { isOwnReference } from "../own-registry/open-own-source.ts";
import { findOwnBlob, keepOwnBlob } from "../own-registry/own-blobs.ts";
import { openOwnRegistry } from "../own-registry/own-registry.ts";
import { putOwnManifest } from "../own-registry/put-own-manifest.ts";

export interface DiskManifest {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  readonly mediaType: string;
}

/** The repository that a disk goes to. */
export interface DiskDestination extends AsyncDisposable {
  /** A blob whose bytes are at hand, or in a file that may be taken away. */
  putBlob(blob: BlobName, content: Uint8Array | { readonly path: string }): Promise<PushedBlob>;
  /** The last step: it has its tag then, or its digest alone. */
  putManifest(manifest: DiskManifest): Promise<void>;
}

type Target = Pick<Reference, "registry" | "repository" | "tag">;

/** A registry that is asked over the network, or this machine's own, which is not asked by a request. */
export async function openDiskDestination(
  target: Target,
  environment: Environment,
  onEvent: (event: BuildEvent) => void,
  signal: AbortSignal,
): Promise<DiskDestination> {
  return isOwnReference(target, environment)
    ? await ownRepository(target, environment, signal)
    : registryRepository(target, environment, onEvent, signal);
}

function registryRepository(
  target: Target,
  environment: Environment,
  onEvent: (event: BuildEvent) => void,
  signal: AbortSignal,
): DiskDestination {
  const client = connectRegistry(environment, onEvent);
  return {
    putBlob: (blob, content) =>
      pushBlob(
        client,
        target,
        blob,
        () =>
          content instanceof Uint8Array
            ? once(content)
            : createReadStream(content.path, { highWaterMark: 2 ** 20 }),
        { signal },
      ),
    async putManifest(manifest) {
      await pushManifest(client, { ...target, ...nameOf(target, manifest) }, manifest, { signal });
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

async function ownRepository(
  target: Target,
  { store, ownRegistries = [] }: Environment,
  signal: AbortSignal,
): Promise<DiskDestination> {
  const { registry: host, repository } = target;
  const registry = await openOwnRegistry({ store, hosts: ownRegistries });
  return {
    async putBlob(blob, content) {
      const isThere = (await findOwnBlob(registry, repository, blob.digest)) !== undefined;
      await keepOwnBlob(registry, repository, blob, content, signal);
      return isThere ? "present" : "uploaded";
    },
    async putManifest({ bytes, mediaType, ...manifest }) {
      const name = nameOf(target, manifest);
      const put = await putOwnManifest(registry, { repository, name, host, bytes, mediaType, signal });
      if (put.kind === "refused") throw new Error(`a disk's manifest is refused: ${put.message}`);
    },
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

function nameOf(
  { tag }: Target,
  { digest }: Pick<DiskManifest, "digest">,
): { tag: string } | { digest: Digest } {
  return tag === undefined ? { digest } : { tag };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
