/** `ingest-blob.ts STORE SEED SIZE [PAUSE]`: brings one blob, made from the seed, into a store, with a pause between chunks. */
import { argv } from "node:process";
import { setTimeout } from "node:timers/promises";
import { ingestBlob, openBlobStore, tagImage } from "../../src/index.ts";
import { digestOf, mediaTypes } from "@bootlayer/image-spec";
import { seededBytes } from "./seeded-bytes.ts";

const [, , directory = "", seed = "", size = "", pause = "0"] = argv;
const bytes = seededBytes(seed, Number(size));
const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };

async function* slowly(offset: number): AsyncGenerator<Uint8Array> {
  for (let position = offset; position < bytes.length; position += 100_000) {
    if (Number(pause) > 0) await setTimeout(Number(pause));
    yield bytes.subarray(position, position + 100_000);
  }
}

const store = await openBlobStore(directory);
process.stdout.write("open\n");
await ingestBlob(store, descriptor, slowly);
await tagImage(store, `example.com/${seed}:1`, descriptor);
process.stdout.write("done\n");
