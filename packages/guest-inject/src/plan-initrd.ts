import { byteString } from "@bootlayer/rootfs-tree";
import type { InjectedEntry, PreparedGuest } from "./guest-plan.ts";

/** What an initrd holds beside its configuration: our init, and modules where init.conf says they are. */
export function initrdEntries({ init, modules }: PreparedGuest): InjectedEntry[] {
  return [
    fileEntry("init", 0o755, init),
    ...modules.load.map(({ path, bytes }) =>
      fileEntry(`lib/modules/${modules.version}/${path}`, 0o644, bytes),
    ),
  ];
}

function fileEntry(path: string, mode: number, bytes: Uint8Array): InjectedEntry {
  const content = { kind: "bytes", bytes } as const;
  return { kind: "file", path: byteString(path), mode, uid: 0, gid: 0, content };
}
