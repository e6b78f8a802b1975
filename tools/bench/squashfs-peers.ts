/** Others that write squashfs images, and what they are given. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

export const peerCompressors = ["zstd", "gzip", "xz", "lz4"] as const;
export type PeerCompressor = (typeof peerCompressors)[number];

/**
 * The image as one tar, unpacked and flattened, sorted by name: what `sqfstar` and `tar2sqfs` do best with. Made once by umoci and
 * tar and kept in `directory`.
 */
export function flattenedTar(layout: string, tag: string, directory: string): string {
  const tar = join(directory, "flattened.tar");
  if (existsSync(tar)) return tar;
  mkdirSync(directory, { recursive: true });
  const bundle = join(directory, "bundle");
  rmSync(bundle, { recursive: true, force: true });
  execFileSync("umoci", ["unpack", "--image", `${layout}:${tag}`, bundle], { stdio: "ignore" });
  const options = "--sort=name --xattrs --xattrs-include=* --numeric-owner --format=pax".split(" ");
  execFileSync("tar", [...options, "-C", join(bundle, "rootfs"), "-cf", `${tar}.part`, "."]);
  rmSync(bundle, { recursive: true });
  renameSync(`${tar}.part`, tar);
  return tar;
}

/** The same image as a directory: what `mksquashfs` does best with. Kept in `directory` too. */
export function unpackedTar(tar: string, directory: string): string {
  const root = join(directory, "unpacked");
  if (existsSync(root)) return root;
  rmSync(`${root}.part`, { recursive: true, force: true });
  mkdirSync(`${root}.part`);
  execFileSync("tar", ["--xattrs", "--xattrs-include=*", "-C", `${root}.part`, "-xpf", tar]);
  renameSync(`${root}.part`, root);
  return root;
}

/** From a directory that is there. */
export function mksquashfs(
  directory: string,
  compressor: "zstd" | "gzip",
  blockSize: number,
  output: string,
  level: number,
): string[] {
  const options = ["-quiet", "-no-progress", "-comp", compressor, "-Xcompression-level", String(level)];
  return ["mksquashfs", directory, output, ...options, "-b", String(blockSize)];
}

/** sqfstar 4.5 takes no level: its default is zstd 15, gzip 9. */
export function sqfstar(
  tar: string,
  compressor: PeerCompressor,
  blockSize: number,
  output: string,
): string[] {
  const high = compressor === "lz4" ? ["-Xhc"] : [];
  const options = ["-quiet", "-no-progress", "-comp", compressor, ...high, "-b", String(blockSize)];
  return fromStandardInput(tar, ["sqfstar", ...options, output]);
}

export function tar2sqfs(
  tar: string,
  compressor: PeerCompressor,
  blockSize: number,
  output: string,
  level?: number,
): string[] {
  const extra = compressor === "lz4" ? "hc" : level === undefined ? undefined : `level=${level}`;
  const options = [
    "-q",
    "-c",
    compressor,
    ...(extra === undefined ? [] : ["-X", extra]),
    "-b",
    String(blockSize),
  ];
  return fromStandardInput(tar, ["tar2sqfs", ...options, output]);
}

/** As users do it today, from the layers. */
export function umociAndMksquashfs(
  layout: string,
  tag: string,
  compressor: PeerCompressor,
  blockSize: number,
  work: string,
  output: string,
): string[] {
  const high = compressor === "lz4" ? "-Xhc" : "";
  const script = `
umoci unpack --image "$1:$2" "$3/bundle" &&
mksquashfs "$3/bundle/rootfs" "$4" -quiet -no-progress -comp ${compressor} ${high} -b ${blockSize}`;
  return ["sh", "-ec", script, "sh", layout, tag, work, output];
}

function fromStandardInput(file: string, command: readonly string[]): string[] {
  return ["sh", "-ec", 'file="$1"; shift; exec "$@" < "$file"', "sh", file, ...command];
}
