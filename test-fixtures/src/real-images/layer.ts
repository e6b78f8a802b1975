import { open, stat } from "node:fs/promises";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { FixtureDescriptor } from "../descriptor.ts";
import { LAYER_MEDIA_TYPES } from "../layer-blob.ts";
import { blobPath } from "../layout.ts";
import { judgePath } from "../require-judge.ts";
import { tarArchive, type TarEntry } from "../tar-archive.ts";

/** A layer as a directory, and what a directory cannot hold. */
export interface RealLayer {
  readonly directory: string;
  /** Stand first in the archive: whiteouts, hard links to names of lower layers, paths through symbolic links. */
  readonly before?: readonly TarEntry[];
  /** Names directly below the root that stay out: links of a merged /usr which a lower layer has already. */
  readonly without?: readonly string[];
  /** Times are written as they are. Otherwise what is newer than 2023 gets one time, so that building leaves no trace. */
  readonly keepTimes?: boolean;
  /** As GNU tar takes it. Default: pax. */
  readonly format?: "pax" | "gnu";
  /** How sparse files are written (PAX); without it they are written in full. */
  readonly sparseVersion?: "0.0" | "0.1" | "1.0";
}

/** 2023-11-14T22:13:20Z */
const LATEST_MTIME = "@1700000000";

export interface StoredLayer {
  readonly diffId: `sha256:${string}`;
  readonly gzip: FixtureDescriptor;
  readonly zstd: FixtureDescriptor;
}

/** Makes the archive in `scratch` by GNU tar, and its two blobs in the layout. */
export async function storeLayer(layer: RealLayer, scratch: string, layout: string): Promise<StoredLayer> {
  const archive = join(scratch, `${layer.directory.split("/").at(-1)}.tar`);
  await writeArchive(layer, archive);
  const [diffId, gzip, zstd] = await Promise.all([
    fileDigest(archive),
    storeBlob(archive, layout, "gzip", ["gzip", "-6", "--no-name", "--stdout"]),
    storeBlob(archive, layout, "zstd", ["zstd", "-3", "--quiet", "--stdout"]),
  ]);
  return { diffId, gzip, zstd };
}

async function writeArchive(layer: RealLayer, archive: string): Promise<void> {
  const { directory, before = [], without = [], keepTimes = false, format = "pax", sparseVersion } = layer;
  await writeFile(archive, tarArchive(before, { endBlocks: false }));
  const handle = await open(archive, "a");
  try {
    const options = ["--create", `--format=${format}`, "--sort=name", "--numeric-owner"];
    options.push("--no-wildcards", "--anchored");
    if (!keepTimes) options.push(`--mtime=${LATEST_MTIME}`, "--clamp-mtime");
    if (format === "pax")
      options.push("--xattrs", "--xattrs-include=*", "--pax-option=delete=atime,delete=ctime");
    if (sparseVersion !== undefined) options.push("--sparse", `--sparse-version=${sparseVersion}`);
    options.push(...without.map((name) => `--exclude=./${name}`));
    await execa("tar", [...options, "--directory", directory, "."], {
      env: { PATH: judgePath(), LC_ALL: "C" },
      stdout: handle.createWriteStream({ autoClose: false }),
      buffer: false,
    });
  } finally {
    await handle.close();
  }
}

async function storeBlob(
  archive: string,
  layout: string,
  compression: "gzip" | "zstd",
  [program = "", ...args]: readonly string[],
): Promise<FixtureDescriptor> {
  const compressed = `${archive}.${compression}`;
  await execa(program, [...args, archive], {
    env: { PATH: judgePath() },
    stdout: { file: compressed },
    buffer: false,
  });
  const digest = await fileDigest(compressed);
  const { size } = await stat(compressed);
  await rename(compressed, blobPath(layout, digest));
  return { mediaType: LAYER_MEDIA_TYPES[compression], digest, size };
}

async function fileDigest(path: string): Promise<`sha256:${string}`> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return `sha256:${hash.digest("hex")}`;
}
