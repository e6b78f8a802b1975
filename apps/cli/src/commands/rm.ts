import { removeImages } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import type { StoreFlags } from "../flags.ts";
import { storeDirectory } from "../store-directory.ts";

export async function rm(this: CliContext, flags: StoreFlags, ...names: readonly string[]): Promise<void> {
  const removed = await removeImages(names, {
    store: storeDirectory(flags.store, this.process.env),
    signal: this.signal,
  });
  this.process.stdout.write(
    flags.json ? `${JSON.stringify({ removed })}\n` : removed.map((name) => `removed ${name}\n`).join(""),
  );
}
