import { resolve } from "node:path";
import { GuestError } from "./errors.ts";
import { parseGuestConfig, type InjectedFile } from "./guest-config.ts";

/** The guest's path begins at the first `:/` that lets the rest be one: a host's path may hold colons, as `C:\x` does. */
const form =
  /^(?<host>.+?):(?<guest>\/[^:]*)(?::(?<mode>0?[0-7]{3,4})(?::(?<uid>\d{1,10}):(?<gid>\d{1,10}))?)?$/s;

/**
 * Reads `host:guest[:mode[:uid:gid]]`, such as `./agent:/usr/bin/agent:0755`. The host's path is taken from the working
 * directory. A guest's path that holds a colon can only be said in a file.
 *
 * @throws {GuestError} GUEST_CONFIG.
 */
export function parseInjection(text: string): InjectedFile {
  const parts = form.exec(text)?.groups;
  const [host, guest] = [parts?.["host"], parts?.["guest"]];
  if (parts === undefined || host === undefined || guest === undefined)
    throw new GuestError(
      "GUEST_CONFIG",
      `${JSON.stringify(text.slice(0, 200))} says no file and place`,
      "write host:guest, host:guest:mode or host:guest:mode:uid:gid, where guest is an absolute path",
    );
  const { mode, uid, gid } = parts;
  const file = {
    host: resolve(host),
    guest,
    ...(mode === undefined ? {} : { mode }),
    ...(uid === undefined ? {} : { uid: Number(uid), gid: Number(gid) }),
  };
  const [injected] = parseGuestConfig({ files: [file] }, JSON.stringify(text)).files;
  return injected ?? { ...file, uid: 0, gid: 0 };
}
