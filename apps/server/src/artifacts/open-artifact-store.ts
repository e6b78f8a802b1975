import { join } from "node:path";
import type { ServerSettings } from "../settings.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import { openLocalArtifacts } from "./local-artifacts.ts";

/** The place of finished disks that the settings name, swept of what killed servers left. */
export async function openArtifactStore({
  store,
  artifacts,
}: Pick<ServerSettings, "store" | "artifacts">): Promise<ArtifactStore> {
  const own = join(store, "artifacts");
  if (artifacts.kind === "local") return openLocalArtifacts(artifacts.directory ?? own);
  // The SDK takes longer to load than all the rest of the server, which mostly needs none of it.
  const { openS3Artifacts } = await import("./s3-artifacts.ts");
  return openS3Artifacts(artifacts, join(own, "staging"));
}
