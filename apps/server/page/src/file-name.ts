import type { Build } from "./api-types.ts";

/** The name under which the disk is saved: `alpine-3.22.ext4`. */
export function fileNameOf({ request: { source, format } }: Pick<Build, "request">): string {
  const name = source
    .replace(/@.*$/, "")
    .replace(/^.*\//, "")
    .replaceAll(/[^\w.-]+/g, "-");
  return `${name || "disk"}.${format}`;
}
