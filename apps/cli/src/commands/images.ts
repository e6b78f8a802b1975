import { listStoredImages } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import type { StoreFlags } from "../flags.ts";
import { formatTable } from "../format.ts";
import { storeDirectory } from "../store-directory.ts";

export async function images(this: CliContext, flags: StoreFlags): Promise<void> {
  const stored = await listStoredImages({ store: storeDirectory(flags.store, this.process.env) });
  const rows = stored.map(({ name, descriptor }) => ({
    name: name ?? null,
    digest: descriptor.digest,
    mediaType: descriptor.mediaType,
  }));
  if (flags.json) this.process.stdout.write(`${JSON.stringify(rows)}\n`);
  else
    this.process.stdout.write(
      formatTable([["NAME", "DIGEST"], ...rows.map(({ name, digest }) => [name ?? "", digest])]),
    );
}
