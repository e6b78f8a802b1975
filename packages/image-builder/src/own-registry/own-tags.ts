import { listImages } from "@bootlayer/blob-store";
import type { OwnRepositories } from "./own-registry.ts";
import { isRepositoryKnown } from "./repository-links.ts";

/** The tags of a repository, in the order of their bytes; undefined where nothing was ever pushed to it. */
export async function listOwnTags(
  { store, hosts }: OwnRepositories,
  repository: string,
): Promise<readonly string[] | undefined> {
  if (!(await isRepositoryKnown(store, repository))) return undefined;
  const tags = new Set<string>();
  for (const { name = "" } of await listImages(store))
    for (const host of hosts) {
      const prefix = `${host}/${repository}:`;
      if (name.startsWith(prefix)) tags.add(name.slice(prefix.length));
    }
  // As the specification wants them, and as `last` is compared: no locale has a say.
  return [...tags].toSorted();
}
