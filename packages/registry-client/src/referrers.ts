import {
  descriptorSchema,
  digestAlgorithm,
  digestHex,
  mediaTypes,
  type Descriptor,
  type Digest,
} from "@bootlayer/image-spec";
import * as z from "zod";
import type { RegistryClient, RegistryRequest } from "./client.ts";
import { RegistryError } from "./errors.ts";
import { pages } from "./pages.ts";
import type { Reference } from "./reference.ts";

export interface ListReferrersOptions {
  /** Only referrers of this type. */
  readonly artifactType?: string;
  readonly signal: AbortSignal;
}

const maxPages = 100;
/** What registries that do not know the referrers API answer; the specification has 404 alone. */
const unknownApiStatuses: ReadonlySet<number | undefined> = new Set([400, 404, 405, 406]);

const indexSchema = z.object({
  mediaType: z.literal(mediaTypes.ociIndex),
  manifests: z.array(descriptorSchema),
});
/** Under the referrers tag anyone may have put anything. */
const taggedSchema = z.union([indexSchema, z.unknown().transform(() => undefined)]);

/**
 * What refers to a manifest as its subject, such as signatures (distribution-spec "Listing Referrers"). A registry without
 * that API is asked for the referrers tag instead ("Referrers Tag Schema"). Each manifest comes once.
 *
 * @throws {RegistryError} by kind of failure; REGISTRY_PROTOCOL for a listing that is unsound or does not end.
 */
export async function listReferrers(
  client: RegistryClient,
  { registry, repository, digest }: Reference & { readonly digest: Digest },
  { artifactType, signal }: ListReferrersOptions,
): Promise<readonly Descriptor[]> {
  const subject = `referrers of ${registry}/${repository}@${digest}`;
  const query = artifactType === undefined ? "" : `?artifactType=${encodeURIComponent(artifactType)}`;
  const headers = { accept: mediaTypes.ociIndex };
  const request = { registry, repository, method: "GET", headers, subject } as const;
  const found =
    (await fromApi(client, { ...request, path: `referrers/${digest}${query}` }, artifactType, signal)) ??
    (await fromTag(client, { ...request, path: `manifests/${referrersTag(digest)}` }, artifactType, signal));
  return [...new Map(found.map((descriptor) => [descriptor.digest, descriptor])).values()];
}

/** Undefined where the registry does not know the API. */
async function fromApi(
  client: RegistryClient,
  first: RegistryRequest,
  artifactType: string | undefined,
  signal: AbortSignal,
): Promise<readonly Descriptor[] | undefined> {
  const found: Descriptor[] = [];
  try {
    for await (const page of pages(client, first, { schema: indexSchema, maxPages }, signal)) {
      const isFiltered = page
        .headers("oci-filters-applied")
        .some((line) => line.split(",").some((name) => name.trim() === "artifactType"));
      found.push(...ofType(page.content.manifests, isFiltered ? undefined : artifactType));
    }
  } catch (error) {
    if (error instanceof RegistryError && unknownApiStatuses.has(error.status)) return undefined;
    throw error;
  }
  return found;
}

async function fromTag(
  client: RegistryClient,
  first: RegistryRequest,
  artifactType: string | undefined,
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  try {
    for await (const { content } of pages(client, first, { schema: taggedSchema, maxPages: 1 }, signal))
      return ofType(content?.manifests ?? [], artifactType);
  } catch (error) {
    if (!(error instanceof RegistryError && error.code === "REGISTRY_NOT_FOUND")) throw error;
  }
  return [];
}

function ofType(descriptors: readonly Descriptor[], artifactType: string | undefined): readonly Descriptor[] {
  return artifactType === undefined
    ? descriptors
    : descriptors.filter((descriptor) => descriptor.artifactType === artifactType);
}

/** The tag that lists a manifest's referrers where the registry does not (distribution-spec "Referrers Tag Schema"). */
export function referrersTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject).slice(0, 64)}`;
}
