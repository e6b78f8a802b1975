import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/**
 * Where blobs and finished disks are kept: the flag, else BOOTLAYER_STORE, else `bootlayer` in the user's data
 * directory (XDG Base Directory Specification: a relative XDG_DATA_HOME is ignored).
 */
export function storeDirectory(
  flag: string | undefined,
  env: Readonly<Partial<Record<string, string>>>,
): string {
  const named = flag ?? env["BOOTLAYER_STORE"];
  if (named !== undefined && named !== "") return resolve(named);
  const data = env["XDG_DATA_HOME"];
  return join(
    data !== undefined && isAbsolute(data) ? data : join(homedir(), ".local", "share"),
    "bootlayer",
  );
}
