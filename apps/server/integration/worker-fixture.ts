import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { image, layerBlob, startRegistry, tarArchive, type ByteGate } from "@bootlayer/test-fixtures";
import { getBuild, requireBuild, type Build } from "../src/catalogue/builds.ts";
import { finalStates } from "../src/catalogue/build.ts";
import { workerDefaults, type WorkerContext } from "../src/queue/worker-context.ts";
import type { ServerContext } from "../src/server-context.ts";

type Registry = Awaited<ReturnType<typeof startRegistry>>;
interface RegistryOptions {
  /** How many bytes, which do not compress, an image has in its upper layer. */
  readonly bytesOf?: (image: number) => number;
  /** Holds layers back. */
  readonly gate?: ByteGate;
}

/** A registry with images `app0:1`, `app1:1` … of two layers each, the lower one of which they share; `app0:same` is `app0:1`. */
export async function registryOf(
  count: number,
  { bytesOf = () => 100_000, gate }: RegistryOptions = {},
): Promise<Registry> {
  const base = layerBlob(tarArchive([{ name: "base", mode: 0o755, content: "#!/shared\n" }]), "gzip");
  const tops = Array.from({ length: count }, (_, at) =>
    layerBlob(tarArchive([{ name: "data", content: randomBytes(bytesOf(at)) }]), "gzip"),
  );
  const layers = new Set<string>([base, ...tops].map(({ descriptor }) => descriptor.digest));
  return await startRegistry({
    images: Object.fromEntries(
      tops.flatMap((top, at) => {
        const app = image([base, top], { config: { Cmd: ["/base"] } });
        return [
          [`app${at}:1`, app],
          [`app${at}:same`, app],
        ];
      }),
    ),
    fault: ({ path }) =>
      gate && layers.has(path.split("/").at(-1) ?? "") ? { kind: "gated", gate } : undefined,
  });
}

const silent = (): void => {};

/** Leases and sweeps that do not keep a test waiting. */
export function workerContext(context: ServerContext, more: Partial<WorkerContext> = {}): WorkerContext {
  return {
    ...workerDefaults,
    leaseMilliseconds: 3000,
    sweepMilliseconds: 500,
    progressMilliseconds: 50,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    ...context,
    ...more,
  };
}

export async function untilEnded({ database }: Pick<ServerContext, "database">, id: string): Promise<Build> {
  return await untilBuild({ database }, id, ({ state }) => finalStates.has(state));
}

export async function untilBuild(
  { database }: Pick<ServerContext, "database">,
  id: string,
  holds: (build: Build) => boolean,
): Promise<Build> {
  for (;;) {
    const build = await getBuild(database.db, id);
    if (build === undefined || holds(build)) return await requireBuild(database.db, id);
    await sleep(50);
  }
}
