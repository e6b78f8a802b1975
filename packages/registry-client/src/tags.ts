import * as z from "zod";
import type { RegistryClient } from "./client.ts";
import { RegistryError } from "./errors.ts";
import { pages } from "./pages.ts";
import { isTag, type Reference } from "./reference.ts";

const pageTags = 1000;
const maxPages = 10_000;

const tagsSchema = z.object({ tags: z.array(z.string()).nullish() });

/**
 * The tags of a repository, as the registry orders them, page by page (distribution-spec "Listing Tags").
 *
 * @throws {RegistryError} by kind of failure; REGISTRY_PROTOCOL for a listing that is unsound or does not end.
 */
export async function* listTags(
  client: RegistryClient,
  { registry, repository }: Pick<Reference, "registry" | "repository">,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const subject = `tags of ${registry}/${repository}`;
  const path = `tags/list?n=${pageTags}`;
  const headers = { accept: "application/json" };
  const first = { registry, repository, method: "GET", path, headers, subject } as const;
  for await (const { content } of pages(client, first, { schema: tagsSchema, maxPages }, signal))
    for (const tag of content.tags ?? []) {
      if (!isTag(tag))
        throw new RegistryError(
          "REGISTRY_PROTOCOL",
          `${subject}: ${JSON.stringify(tag.slice(0, 200))} is no tag`,
          "no sound registry has such a tag",
        );
      yield tag;
    }
}
