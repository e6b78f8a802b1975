/**
 * What does not fit 32 bits, tried once and slowly: a file of 5 GiB in a plain layer, and a gzip layer of more than 4 GiB
 * in files of 64 MiB. Judged by e2fsck, the kernel's mount and sha256sum. As root; needs 35 GB of free space.
 *
 *     node --conditions=@bootlayer/source tools/large-files.ts [DIRECTORY]
 */
import { execFileSync, spawn } from "node:child_process";
import { createCipheriv, createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { buildDisk } from "@bootlayer/image-builder";
import { e2fsck, withMount } from "@bootlayer/test-fixtures";

const pieceBytes = 2 ** 20;
const gibibyte = 2 ** 30;

interface LargeFile {
  readonly name: string;
  readonly bytes: number;
}

interface StoredLayer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly diffId: string;
}

/** Bytes that differ from piece to piece; a half of each compresses away. */
function piece(file: string, index: number): Buffer {
  const key = createHash("sha256").update(`${file} ${index}`).digest();
  const noise = createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(pieceBytes / 2));
  return Buffer.concat([noise, Buffer.alloc(pieceBytes / 2)]);
}

/** Writes the files into a directory; answers with each one's sha256. */
async function makeFiles(directory: string, files: readonly LargeFile[]): Promise<Map<string, string>> {
  await mkdir(directory);
  const sums = new Map<string, string>();
  for (const { name, bytes } of files) {
    const hash = createHash("sha256");
    const file = await open(join(directory, name), "wx");
    for (let index = 0; index < bytes / pieceBytes; index++) {
      const data = piece(name, index);
      hash.update(data);
      await file.write(data);
    }
    await file.close();
    sums.set(name, hash.digest("hex"));
  }
  return sums;
}

/** Archives a directory with GNU tar straight into the layout. */
async function storeLayer(
  layout: string,
  directory: string,
  compression: "none" | "gzip",
): Promise<StoredLayer> {
  const unpacked = createHash("sha256");
  const compressed = createHash("sha256");
  const blob = join(layout, "blobs/sha256/under-way");
  const { stdout } = spawn("tar", ["--create", "--directory", directory, "--format=gnu", "."], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  stdout.on("data", (chunk: Buffer) => unpacked.update(chunk));
  const wrap = compression === "gzip" ? createGzip({ level: 1 }) : new PassThrough();
  wrap.on("data", (chunk: Buffer) => compressed.update(chunk));
  await pipeline(stdout, wrap, createWriteStream(blob));
  const hex = compressed.digest("hex");
  await rename(blob, join(layout, "blobs/sha256", hex));
  const { size } = await stat(join(layout, "blobs/sha256", hex));
  const mediaType = `application/vnd.oci.image.layer.v1.tar${compression === "gzip" ? "+gzip" : ""}`;
  return { mediaType, digest: `sha256:${hex}`, size, diffId: `sha256:${unpacked.digest("hex")}` };
}

async function storeDocument(
  layout: string,
  mediaType: string,
  document: object,
): Promise<{ mediaType: string; digest: string; size: number }> {
  const bytes = Buffer.from(JSON.stringify(document));
  const hex = createHash("sha256").update(bytes).digest("hex");
  await writeFile(join(layout, "blobs/sha256", hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}

const directory = await mkdtemp(join(process.argv[2] ?? tmpdir(), "large-files-"));
try {
  const layout = join(directory, "layout");
  await mkdir(join(layout, "blobs/sha256"), { recursive: true });
  const many = Array.from({ length: 66 }, (_, index) => ({ name: `part-${index}`, bytes: 64 * 2 ** 20 }));
  const large = await makeFiles(join(directory, "large"), [{ name: "five-gibibytes", bytes: 5 * gibibyte }]);
  const parts = await makeFiles(join(directory, "parts"), many);
  const layers = [
    await storeLayer(layout, join(directory, "large"), "none"),
    await storeLayer(layout, join(directory, "parts"), "gzip"),
  ];
  const config = await storeDocument(layout, "application/vnd.oci.image.config.v1+json", {
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const descriptors = layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
  const manifest = await storeDocument(layout, "application/vnd.oci.image.manifest.v1+json", {
    schemaVersion: 2,
    config,
    layers: descriptors,
  });
  await writeFile(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  await writeFile(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');

  const disk = join(directory, "disk");
  const result = await buildDisk(
    { source: `oci:${layout}`, output: disk, platform: "linux/amd64", cache: false },
    { store: join(directory, "store") },
  );
  await e2fsck(disk);
  await withMount(disk, { type: "ext4" }, async (mounted) => {
    for (const [name, sum] of [...large, ...parts]) {
      const found = execFileSync("sha256sum", [join(mounted, name)], { encoding: "utf8" }).slice(0, 64);
      if (found !== sum) throw new Error(`${name} is ${found} on the disk, not ${sum}`);
    }
  });
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  process.stdout.write(
    `layers of ${descriptors.map(({ size }) => size).join(" and ")} bytes, ${result.statistics?.unpackedBytes} unpacked; ${large.size + parts.size} files equal, e2fsck clean, peak RSS ${peak} MiB\n`,
  );
} finally {
  await rm(directory, { recursive: true, force: true });
}
