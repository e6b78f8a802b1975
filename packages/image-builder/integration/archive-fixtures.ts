import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { image, layerBlob, tarArchive, writeLayout, type FixtureImage } from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, expect } from "vitest";
import { buildDisk, type BuildRequest } from "../src/index.ts";

export const base: Buffer = tarArchive([
  { name: "etc/", type: "directory" },
  { name: "etc/os-release", content: "NAME=x\n" },
  { name: "gone", content: "gone" },
]);
export const top: Buffer = tarArchive([
  { name: ".wh.gone", content: "" },
  { name: "data", content: Buffer.alloc(1_500_000, "data ") },
]);

/** Of the same two layers; the base layer once more on top of them makes an image that has one layer twice. */
export function archivedImage(compression: "none" | "gzip" | "zstd"): FixtureImage {
  return image([layerBlob(base, compression), layerBlob(top, compression), layerBlob(base, compression)], {
    config: { Entrypoint: ["/data"] },
  });
}

export interface Built {
  readonly digest: string;
  readonly sha256: string | undefined;
}

export interface ArchiveDirectory {
  /** A path in it. */
  readonly place: (name: string) => string;
  /** Writes a file there, and gives its path. */
  readonly file: (name: string, bytes: Uint8Array) => Promise<string>;
  /** Builds without the cache, so that each form is really read. */
  readonly build: (
    source: string,
    options?: Partial<BuildRequest>,
    input?: AsyncIterable<Uint8Array>,
  ) => Promise<Built>;
  /** What an OCI image layout with the image makes. */
  readonly buildFromLayout: (content: FixtureImage) => Promise<Built>;
  /** What went through the store on the way must be gone. */
  readonly expectNoSpool: () => Promise<void>;
}

/** A directory for the tests of the file that calls this, with a store in it; it goes with the last of them. */
export function archiveDirectory(): ArchiveDirectory {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "bootlayer-archives-"));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const place = (name: string): string => join(directory, name);

  async function build(
    source: string,
    options: Partial<BuildRequest> = {},
    input?: AsyncIterable<Uint8Array>,
  ): Promise<Built> {
    const { digest, sha256 } = await buildDisk(
      {
        source,
        output: place("disk"),
        platform: "linux/amd64",
        cache: false,
        sha256: true,
        disk: { format: "squashfs", compression: "none" },
        ...options,
      },
      { store: place("store"), input },
    );
    return { digest, sha256 };
  }

  return {
    place,
    async file(name, bytes) {
      await writeFile(place(name), bytes);
      return place(name);
    },
    build,
    async buildFromLayout(content) {
      const layout = await mkdtemp(place("layout-"));
      await writeLayout(layout, { "1": content });
      return await build(`oci:${layout}:1`);
    },
    async expectNoSpool() {
      expect(await readdir(place("store/.bootlayer/ingest"))).toEqual([]);
    },
  };
}
