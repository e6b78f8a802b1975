/**
 * `program.ts pull|collect STORE HOST SEED`: pulls images and takes their names away again, or collects garbage, for
 * ever. Says a line for each thing that was done; it is there to be killed. Whatever fails ends it with 1.
 */
import { writeSync } from "node:fs";
import { argv } from "node:process";
import { setTimeout } from "node:timers/promises";
import { collectGarbage, openBlobStore } from "@bootlayer/blob-store";
import { pullImage } from "../../src/pull-image.ts";
import { removeImages } from "../../src/remove-images.ts";
import { imageCount, imageName } from "./names.ts";
import { seededRandom } from "./random.ts";

const [, , role = "", directory = "", host = "", seed = "0"] = argv;
const random = seededRandom(Number(seed));
const anyImage = (): string => `${host}/${imageName(Math.floor(random() * imageCount))}`;

function say(what: string): void {
  writeSync(1, `${what}\n`);
}

async function pull(): Promise<void> {
  const { downloadedBytes, blobs } = await pullImage(
    { source: anyImage(), platform: "linux/amd64" },
    {
      store: directory,
      onEvent(event) {
        if (event.kind === "ingest-waiting" || event.kind === "ingest-restarted") say(event.kind);
        if (event.kind === "ingest-resumed") say(`ingest-resumed ${event.bytes}`);
      },
    },
  );
  say(`pulled ${downloadedBytes} ${blobs.length}`);
  for (let removals = 2; removals > 0; removals--)
    await removeImages([anyImage()], { store: directory }).catch((error: unknown) => {
      const isGone = error instanceof Error && "code" in error && error.code === "STORE_IMAGE_NOT_FOUND";
      if (!isGone) throw error;
    });
}

async function collect(): Promise<void> {
  const store = await openBlobStore(directory);
  // With a grace, what was interrupted lately is left to be gone on from.
  const graceMilliseconds = random() < 0.5 ? 0 : 1500;
  const { removed, removedLeavings } = await collectGarbage(store, { graceMilliseconds });
  say(`collected ${removed.length} ${removedLeavings.length}`);
  await setTimeout(random() * 100);
}

say("ready");
try {
  for (;;) await (role === "pull" ? pull() : collect());
} catch (error) {
  say(`failed ${error instanceof Error ? error.stack : String(error)}`);
  process.exitCode = 1;
}
