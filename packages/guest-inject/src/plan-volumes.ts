import { byteString } from "@bootlayer/rootfs-tree";
import type { InitConf } from "./init-conf.ts";
import type { Planning } from "./planning.ts";

const missingMode = 0o755;

/**
 * The image's Volumes (image-spec config.md) are ordinary directories, made where they are missing. Where the root cannot be
 * written to, and nothing is laid over it, those without content are in memory.
 */
export function planVolumes(planning: Planning): NonNullable<InitConf["tmpfs"]> {
  const { image, config, tree, as, readOnlyRoot, warnings } = planning;
  const inMemory = readOnlyRoot && config.overlay === undefined;
  return Object.keys(image.Volumes ?? {}).flatMap((volume) => {
    const path = volume.startsWith("/") ? volume : `/${volume}`;
    if (config.mounts.some((mount) => mount.path === path)) return [];
    const found = tree.follow(byteString(path));
    if (found.kind === "not-a-directory" || (found.kind === "found" && found.node.kind !== "directory")) {
      warnings.push(`the image's volume ${JSON.stringify(path)} is no directory`);
      return [];
    }
    if (found.kind === "missing" && as === "layer")
      tree.putDirectory(byteString(path), { mode: missingMode, uid: 0, gid: 0 });
    if (found.kind === "missing" && as === "initrd" && !inMemory)
      warnings.push(
        `the image does not have its volume ${JSON.stringify(path)}, and an initrd does not make it`,
      );
    if (!inMemory) return [];
    if (found.kind === "found" && found.node.kind === "directory" && found.node.entries.size > 0) {
      warnings.push(
        `the image's volume ${JSON.stringify(path)} has content and can only be read: ask for an overlay`,
      );
      return [];
    }
    return [{ path, mode: found.kind === "found" ? found.node.attributes.mode : missingMode }];
  });
}
