import { extname, join } from "node:path";
import { cachedLayout } from "../real-images/cached-layout.ts";
import type { RealImageRecipe } from "../real-images/recipe.ts";
import { alpineLike } from "./alpine-like.ts";
import { debianSlim } from "./debian-slim.ts";
import { distroless } from "./distroless.ts";
import { nginx } from "./nginx.ts";
import { node } from "./node.ts";
import { openrc } from "./openrc.ts";
import { postgres } from "./postgres.ts";
import { PROBE_TOOLS } from "./probe.ts";
import { scratch } from "./scratch.ts";
import { systemd } from "./systemd.ts";

export type GuestImageName =
  | "scratch"
  | "distroless"
  | "debian-slim"
  | "alpine-like"
  | "nginx"
  | "postgres"
  | "node"
  | "systemd"
  | "openrc";

const RECIPES: Readonly<Record<GuestImageName, RealImageRecipe>> = {
  scratch,
  distroless,
  "debian-slim": debianSlim,
  "alpine-like": alpineLike,
  nginx,
  postgres,
  node,
  systemd,
  openrc,
};

export const GUEST_IMAGE_NAMES: readonly GuestImageName[] = [
  "scratch",
  "distroless",
  "debian-slim",
  "alpine-like",
  "nginx",
  "postgres",
  "node",
  "systemd",
  "openrc",
];

/** What `requireJudge` has to find for `guestImage` to work, beside apt's lists and the network the first time. */
export const GUEST_IMAGE_TOOLS: readonly string[] = [
  ..."root apt-get dpkg-deb bash tar gzip zstd".split(" "),
  ...PROBE_TOOLS,
];

export interface GuestImage {
  readonly name: GuestImageName;
  /** An OCI layout with tags `gzip` and `zstd`, as a real image has it. */
  readonly layout: string;
  /** The same as a source for builds: `oci:LAYOUT:zstd`. */
  readonly reference: string;
}

/**
 * An image whose entrypoint is to run in a guest, arranged as the image of its kind on a public registry; made as root on
 * first use and kept in the workspace's cache. `guest-images/README.md` says what is in each.
 */
export async function guestImage(name: GuestImageName): Promise<GuestImage> {
  const extension = extname(import.meta.filename);
  const here = [name, "alpine-like", "debian-image", "probe"].map((file) =>
    join(import.meta.dirname, `${file}${extension}`),
  );
  const shared = ["debian-layers", "layer", "build-layout"].map((file) =>
    join(import.meta.dirname, "..", "real-images", `${file}${extension}`),
  );
  const layout = await cachedLayout(RECIPES[name], { family: "guest-images", sources: [...here, ...shared] });
  return { name, layout, reference: `oci:${layout}:zstd` };
}
