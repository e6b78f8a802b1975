import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, mediaTypes, type Descriptor, type Digest } from "@bootlayer/image-spec";
import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import {
  collectGarbage,
  holdBlobs,
  ingestBytes,
  listImages,
  openBlobStore,
  scrubStore,
  storeUsage,
  tagImage,
  untagImage,
  type Lease,
} from "./index.ts";

function blob(content: string | object, mediaType: string): { descriptor: Descriptor; bytes: Buffer } {
  const bytes = Buffer.from(typeof content === "string" ? content : JSON.stringify(content));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

const layers = ["a", "bb", "ccc", "dddd"].map((content) => blob(content, mediaTypes.ociLayer));
const config = blob({}, mediaTypes.ociConfig);
const images = [[0], [0, 1], [1, 2], [2, 3], [3, 0, 1]].map((chosen, number) => {
  const parts = [config, ...layers.filter((_, layer) => chosen.includes(layer))];
  const [, ...own] = parts.map(({ descriptor }) => descriptor);
  const content = {
    schemaVersion: 2,
    config: config.descriptor,
    layers: own,
    annotations: { n: `${number}` },
  };
  const manifest = blob(content, mediaTypes.ociManifest);
  return { manifest, blobs: [...parts, manifest] };
});

function digestsOf(image: number): Digest[] {
  return (images[image]?.blobs ?? []).map(({ descriptor }) => descriptor.digest);
}

const names = ["x:1", "x:2", "y:1"];

const anyImage = fc.nat(images.length - 1);
const anyName = fc.constantFrom(...names);
const anyStep = fc.oneof(
  fc.record({ kind: fc.constant("ingest" as const), image: anyImage }),
  fc.record({ kind: fc.constant("layer" as const), layer: fc.nat(layers.length - 1) }),
  fc.record({ kind: fc.constant("tag" as const), image: anyImage, name: anyName }),
  fc.record({ kind: fc.constant("untag" as const), name: anyName }),
  fc.record({ kind: fc.constant("hold" as const), image: anyImage }),
  fc.record({ kind: fc.constant("release" as const) }),
  fc.record({ kind: fc.constant("collect" as const), dryRun: fc.boolean() }),
);

test.prop([fc.array(anyStep, { maxLength: 25 })], { numRuns: 40 })(
  "whatever is brought, named, held and collected in whatever order, the store holds what the model does",
  async (steps) => {
    const store = await openBlobStore(await mkdtemp(join(tmpdir(), "blob-store-")));
    const present = new Map<Digest, number>();
    const named = new Map<string, number>();
    const leases: { readonly lease: Lease; readonly image: number }[] = [];

    async function bring(blobs: readonly { descriptor: Descriptor; bytes: Buffer }[]): Promise<void> {
      for (const { descriptor, bytes } of blobs) {
        const { cached } = await ingestBytes(store, descriptor, bytes);
        expect(cached).toBe(present.has(descriptor.digest));
        present.set(descriptor.digest, descriptor.size);
      }
    }

    try {
      for (const step of steps) {
        if (step.kind === "ingest") await bring(images[step.image]?.blobs ?? []);
        else if (step.kind === "layer") await bring(layers.slice(step.layer, step.layer + 1));
        else if (step.kind === "tag") {
          const descriptor = images[step.image]?.manifest.descriptor ?? config.descriptor;
          const isWhole = digestsOf(step.image).every((digest) => present.has(digest));
          const tagging = tagImage(store, step.name, descriptor);
          if (isWhole) {
            await tagging;
            named.set(step.name, step.image);
          } else await expect(tagging).rejects.toMatchObject({ code: "STORE_BLOB_MISSING" });
        } else if (step.kind === "untag")
          expect(await untagImage(store, step.name)).toBe(named.delete(step.name));
        else if (step.kind === "hold") {
          const [manifest] = digestsOf(step.image).slice(-1);
          // With its manifest in the store, a lease on that alone holds all of it.
          const held = manifest && present.has(manifest) ? [manifest] : digestsOf(step.image);
          leases.push({ lease: await holdBlobs(store, held), image: step.image });
        } else if (step.kind === "release") await leases.shift()?.lease.release();
        else {
          const kept = new Set([...named.values(), ...leases.map(({ image }) => image)].flatMap(digestsOf));
          const garbage = [...present].filter(([digest]) => !kept.has(digest));
          const report = await collectGarbage(store, { graceMilliseconds: 0, dryRun: step.dryRun });
          expect(new Map(report.removed.map(({ digest, size }) => [digest, size]))).toEqual(new Map(garbage));
          expect(report.freedBytes).toBe(garbage.reduce((sum, [, size]) => sum + size, 0));
          if (!step.dryRun) for (const [digest] of garbage) present.delete(digest);
        }
      }
      const stored = await readdir(join(store.directory, "blobs/sha256"));
      expect(new Set(stored.map((hex) => `sha256:${hex}`))).toEqual(new Set(present.keys()));
      const listed = (await listImages(store)).map(({ name, descriptor }) => [name, descriptor.digest]);
      const expected = [...named].map(([name, image]) => [name, images[image]?.manifest.descriptor.digest]);
      expect(new Map(Object.entries(Object.fromEntries(listed)))).toEqual(
        new Map(Object.entries(Object.fromEntries(expected))),
      );
      const bytes = [...present.values()].reduce((sum, size) => sum + size, 0);
      expect(await storeUsage(store)).toMatchObject({ blobs: present.size, bytes });
      expect(await scrubStore(store)).toEqual({
        checkedBlobs: present.size,
        checkedBytes: bytes,
        wrong: [],
        hurtImages: [],
      });
    } finally {
      for (const { lease } of leases) await lease.release();
      await rm(store.directory, { recursive: true });
    }
  },
);
