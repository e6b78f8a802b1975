import { formatPlatform, listStoredImages } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import type { StoreFlags } from "../flags.ts";
import { formatBytes, formatTable } from "../format.ts";
import { storeDirectory } from "../store-directory.ts";

export async function images(this: CliContext, flags: StoreFlags): Promise<void> {
  const store = storeDirectory(flags.store, this.process.env);
  const stored = await listStoredImages({ store, signal: this.signal });
  const rows = stored.map(({ name = null, digest, mediaType, platforms, bytes, sharedBytes }) => ({
    name,
    digest,
    mediaType,
    platforms: platforms.map(formatPlatform),
    bytes,
    sharedBytes,
  }));
  if (flags.json) {
    this.process.stdout.write(`${JSON.stringify(rows)}\n`);
    return;
  }
  const cells = rows.map(({ name, digest, platforms, bytes, sharedBytes }) => [
    name ?? "",
    digest,
    platforms.join(","),
    formatBytes(bytes),
    formatBytes(sharedBytes),
  ]);
  this.process.stdout.write(
    formatTable([["NAME", "DIGEST", "PLATFORMS", "SIZE", "SHARED"], ...cells], [3, 4]),
  );
}
