import { readFileSync } from "node:fs";

/** Put in by the bundler, where there is no package.json beside the code. */
declare const __BOOTLAYER_VERSION__: string | undefined;

/** Of this package; all packages of a release share one. Part of every build key. */
export const version: string =
  typeof __BOOTLAYER_VERSION__ === "string" ? __BOOTLAYER_VERSION__ : ownVersion();

function ownVersion(): string {
  const json: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  if (typeof json === "object" && json !== null && "version" in json && typeof json.version === "string")
    return json.version;
  throw new Error("package.json has no version");
}
