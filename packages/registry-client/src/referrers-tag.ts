import { maxDocumentBytes, mediaTypes, type Descriptor, type Digest } from "@bootlayer/image-spec";
import * as z from "zod";
import { withRetries } from "./attempts.ts";
import { boundedBody } from "./bounded-body.ts";
import type { RegistryClient, RegistryRequest } from "./client.ts";
import { RegistryError } from "./errors.ts";
import type { Reference } from "./reference.ts";
import { referrersTag } from "./referrers.ts";

/** Entries are kept as they are, with members that are not known here. */
const listSchema = z.looseObject({
  mediaType: z.literal(mediaTypes.ociIndex),
  manifests: z.array(z.looseObject({ digest: z.string() })),
});

type ReferrersList = z.output<typeof listSchema>;

const emptyList: ReferrersList = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [],
};

/** How often a list that another client has changed meanwhile is read and written again. */
const maxCollisions = 5;

/** Lists that this process is changing, by client: two changes at a time would lose one. */
const changes = new WeakMap<RegistryClient, Map<string, Promise<void>>>();

/**
 * Adds a manifest to the list under its subject's referrers tag, unless it is there (distribution-spec "Pushing Manifests
 * with Subject"). Where the registry knows conditional requests no other client's change is lost.
 *
 * @throws {RegistryError} by kind of failure; REGISTRY_PROTOCOL if the tag has something else than a list.
 */
export async function addToReferrersTag(
  client: RegistryClient,
  { registry, repository, digest }: Pick<Reference, "registry" | "repository"> & { readonly digest: Digest },
  referrer: Descriptor,
  signal: AbortSignal,
): Promise<void> {
  const path = `manifests/${referrersTag(digest)}`;
  const subject = `referrers of ${registry}/${repository}@${digest}`;
  const request = { registry, repository, path, subject, actions: "pull,push" } as const;
  const queues = changes.get(client) ?? new Map<string, Promise<void>>();
  changes.set(client, queues);
  const key = `${registry}/${repository}/${path}`;
  const change = settled(queues.get(key)).then(() => changeList(client, request, referrer, signal));
  queues.set(key, change);
  try {
    await change;
  } finally {
    if (queues.get(key) === change) queues.delete(key);
  }
}

async function settled(change: Promise<void> | undefined): Promise<void> {
  await Promise.allSettled([change]);
}

async function changeList(
  client: RegistryClient,
  request: Omit<RegistryRequest, "method" | "headers">,
  referrer: Descriptor,
  signal: AbortSignal,
): Promise<void> {
  for (let collisions = 0; ; collisions++) {
    const { list, etag } = await withRetries(client, request.subject, signal, () =>
      fetchList(client, request, signal),
    );
    if (list.manifests.some(({ digest }) => digest === referrer.digest)) return;
    const body = JSON.stringify({ ...list, manifests: [...list.manifests, referrer] });
    if (Buffer.byteLength(body) > maxDocumentBytes)
      throw noList(request.subject, "is full", "remove referrers that are not needed any more");
    const condition = etag === undefined ? {} : { "if-match": etag };
    const headers = { "content-type": mediaTypes.ociIndex, ...condition };
    try {
      const response = await withRetries(client, request.subject, signal, () =>
        client.send({ ...request, method: "PUT", headers, body }, signal),
      );
      return await response.discard();
    } catch (error) {
      const isCollision = error instanceof RegistryError && error.status === 412;
      if (!isCollision || collisions === maxCollisions) throw error;
    }
  }
}

async function fetchList(
  client: RegistryClient,
  request: Omit<RegistryRequest, "method" | "headers">,
  signal: AbortSignal,
): Promise<{ readonly list: ReferrersList; readonly etag?: string }> {
  const headers = { accept: mediaTypes.ociIndex };
  try {
    const response = await client.send({ ...request, method: "GET", headers }, signal);
    const list = parseList(await boundedBody(response, maxDocumentBytes, request.subject), request.subject);
    const [etag] = response.headers("etag");
    return etag === undefined || etag.startsWith("W/") ? { list } : { list, etag };
  } catch (error) {
    if (error instanceof RegistryError && error.code === "REGISTRY_NOT_FOUND") return { list: emptyList };
    throw error;
  }
}

function parseList(body: Uint8Array, subject: string): ReferrersList {
  try {
    return listSchema.parse(JSON.parse(new TextDecoder().decode(body)));
  } catch (cause) {
    throw noList(
      subject,
      "are not listed where they should be",
      "someone else uses the referrers tag",
      cause,
    );
  }
}

function noList(subject: string, what: string, hint: string, cause?: unknown): RegistryError {
  return new RegistryError("REGISTRY_PROTOCOL", `${subject} ${what}`, hint, { cause });
}
