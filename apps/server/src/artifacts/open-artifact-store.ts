import { join } from "node:path";
import { ServerError } from "../errors.ts";
import type { ServerSettings } from "../settings.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import { openLocalArtifacts } from "./local-artifacts.ts";

/** The place of finished disks that the settings name, swept of what killed servers left. */
export async function openArtifactStore(
  settings: Pick<ServerSettings, "store" | "artifacts">,
): Promise<ArtifactStore> {
  const directory = join(settings.store, "artifacts");
  if (settings.artifacts.kind === "local") return openLocalArtifacts(directory);
  throw new ServerError("SERVER_SETTINGS", "disks in S3 are not supported yet", "keep them locally");
}
