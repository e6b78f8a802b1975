import { readFile } from "node:fs/promises";
import {
  GuestError,
  mergeGuestConfig,
  parseInjection,
  readGuestConfig,
  type GuestConfigInput,
} from "@bootlayer/image-builder";
import { guestFlagNames, type GuestFlags } from "./guest-flags.ts";

/** What the file and the flags ask for; undefined where none is given. */
export async function guestConfigOf(flags: GuestFlags): Promise<GuestConfigInput | undefined> {
  if (guestFlagNames.every((name) => flags[name] === undefined)) return undefined;
  const base = flags.guest === undefined ? {} : await readGuestConfig(flags.guest);
  return mergeGuestConfig(base, await configOfFlags(flags, base));
}

async function configOfFlags(flags: GuestFlags, base: GuestConfigInput): Promise<GuestConfigInput> {
  const { load, modules = base.modules?.directory } = flags;
  return {
    init: flags.initSystem,
    process: {
      entrypoint: flags.entrypoint,
      cmd: flags.cmd?.flat(),
      env: flags.env && Object.fromEntries(flags.env),
      user: flags.user,
      workingDirectory: flags.workdir,
      stopSignal: flags.stopSignal,
      stdin: flags.stdin,
      terminal: flags.terminal,
    },
    hostname: flags.hostname,
    hosts: flags.addHost,
    dns: flags.dns && { servers: flags.dns },
    network: flags.network,
    files: flags.inject?.map((text) => parseInjection(text)),
    services: flags.service,
    agent: flags.agent && Object.assign({}, ...flags.agent),
    ssh: flags.sshKey && { authorizedKeys: (await Promise.all(flags.sshKey.map(readKeys))).flat() },
    modules:
      load === undefined && flags.modules === undefined
        ? undefined
        : { directory: modules, load: load ?? base.modules?.load ?? [] },
    mounts: flags.mount,
    overlay: flags.overlay,
    onExit: flags.onExit,
  };
}

/** The lines of a file of public keys. */
async function readKeys(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new GuestError("GUEST_FILE", `the file of keys ${path} cannot be read`, "check the path", {
      cause,
    });
  });
  return text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
}
