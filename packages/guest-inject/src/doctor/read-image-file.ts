import type { ByteString } from "@bootlayer/rootfs-tree";
import type { DoctorImage } from "./doctor-image.ts";
import { follow } from "./find-program.ts";

/** As large as the init's own readers take such files. */
const maxBytes = 2 ** 24;

/** The first bytes of a text file of the image, its symlinks followed; undefined for what is not there or no file. */
export async function readImageFile(path: ByteString, image: DoctorImage): Promise<Uint8Array | undefined> {
  const answer = follow(path, { root: image.root, workingDirectory: "/" as ByteString });
  if (answer?.kind !== "found" || answer.node.kind !== "file") return undefined;
  return answer.node.size === 0 ? new Uint8Array() : await image.readFile(answer.node, maxBytes);
}
