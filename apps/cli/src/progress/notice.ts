import type { BuildEvent } from "@bootlayer/image-builder";
import { formatSeconds, shortDigest } from "../format.ts";

/** What a person should know though it is no step forward; undefined for events that are. */
export function noticeOf(event: BuildEvent): string | undefined {
  switch (event.kind) {
    case "registry-warning":
      return `${event.registry} warns: ${event.text}`;
    case "registry-retry":
      return `${event.subject}: ${event.code}, tried again in ${formatSeconds(event.delayMilliseconds / 1000)}`;
    case "mirror-failed":
      return `${event.subject}: the mirror ${event.host} is passed over (${event.code})`;
    case "ingest-waiting":
      return `blob ${shortDigest(event.digest)} is being pulled by process ${event.processId}, which is waited for`;
    default:
      return undefined;
  }
}
