import type { Digest } from "@bootlayer/image-spec";
import { formatReference } from "@bootlayer/registry-client";
import type { OwnRepositories } from "./own-registry.ts";

/** How a manifest is asked for in a repository. */
export type ManifestName = Readonly<{ tag: string } | { digest: Digest }>;

/** The names that it may have in the store, that of the first host first. */
export function ownNames(
  { hosts }: Pick<OwnRepositories, "hosts">,
  repository: string,
  name: ManifestName,
): readonly string[] {
  return hosts.map((registry) => formatReference({ registry, repository, ...name }));
}
