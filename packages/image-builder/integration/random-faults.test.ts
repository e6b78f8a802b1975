import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openBlobStore } from "@bootlayer/blob-store";
import { formatReference, parseReference, type Reference } from "@bootlayer/registry-client";
import {
  image,
  imageIndex,
  judgePath,
  layerBlob,
  randomFaults,
  requireJudge,
  startDockerRegistry,
  startFaultProxy,
  tarArchive,
  writeLayout,
  type DockerRegistry,
  type FaultSchedule,
} from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  errorCatalogue,
  impatientClient,
  missingFromRegistry,
  missingFromStore,
  outcomeOf,
  pullInto,
  pushFrom,
  storeFaults,
  type Outcome,
} from "./faulty-transfer.ts";

const judge = requireJudge("docker-registry", "skopeo", "umoci", "sha256sum");
/** tools/random-faults.ts asks for more. One in four is a push. */
const schedules = Number(process.env["BOOTLAYER_RANDOM_RUNS"] ?? 48);
const pushes = Math.ceil(schedules / 4);
const pulls = schedules - pushes;
const firstSeed = Number(process.env["BOOTLAYER_RANDOM_SEED"] ?? 1);
/** Most of a schedule's time is waiting for what does not come. */
const atOnce = 4;
const stallMilliseconds = 150;

/** Bytes that no compression shortens, so that a layer breaks at many places. */
function noise(length: number, salt: number): Buffer {
  return Buffer.from(
    Uint8Array.from({ length }, (_, index) => (index * index * (31 + salt) + (index >> 7) * salt) & 255),
  );
}

// The largest is above what a client throws away rather than fail when a range is ignored.
const layers = [
  layerBlob(tarArchive([{ name: "small", content: "hello\n" }]), "gzip"),
  layerBlob(tarArchive([{ name: "middle", content: noise(150_000, 1) }]), "zstd"),
  layerBlob(tarArchive([{ name: "large", content: noise(1_700_000, 2) }]), "none"),
];
const multi = imageIndex([
  { image: image(layers), platform: { os: "linux", architecture: "amd64" } },
  {
    image: image(layers.slice(0, 1), { architecture: "arm64" }),
    platform: { os: "linux", architecture: "arm64" },
  },
]);

/** Counts of what happened, for people. */
const outcomes = { pull: new Map<Outcome, number>(), push: new Map<Outcome, number>() };
const met = new Map<string, number>();
let resumedPulls = 0;

describe.skipIf(judge.skip)(`random faults, seeds from ${firstSeed}${judge.reason}`, () => {
  let directory: string;
  let registry: DockerRegistry;
  let catalogue: ReadonlySet<string>;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "bootlayer-faults-"));
    catalogue = await errorCatalogue();
    registry = await startDockerRegistry();
    await writeLayout(join(directory, "layout"), { multi });
    await registry.push(join(directory, "layout"), "multi", "team/image:1");
  });
  afterAll(async () => {
    await registry.close();
    await rm(directory, { recursive: true });
    process.stdout.write(`${JSON.stringify(summary(), undefined, 2)}\n`);
  });

  test(`each of ${pulls} pulls brings the right bytes or ends with a typed error, and the next one goes on`, async () => {
    await forEachSeed(pulls, async (seed) => {
      const store = join(directory, `store-${seed}`);
      const { reference, silence, close } = await behindFaults(registry, seed, "team/image:1");
      try {
        const opened = await openBlobStore(store);
        const faulty = impatientClient(stallMilliseconds);
        const outcome = await outcomeOf(
          catalogue,
          (signal) => pullInto(opened, faulty, reference, signal),
          seed % 5 === 0 ? 50 + ((seed * 37) % 400) : undefined,
        );
        await faulty.close();
        count(outcomes.pull, outcome);
        expect(await storeFaults(store), "after the pull").toEqual([]);

        silence();
        const patient = impatientClient(30_000);
        const next = await pullInto(opened, patient, reference, AbortSignal.timeout(60_000));
        await patient.close();
        if (next.resumedBytes > 0) resumedPulls++;
        expect(await storeFaults(store), "after the next pull").toEqual([]);
        expect(await missingFromStore(store, next.image, registry)).toEqual([]);
        expect(outcome === "done" ? next.downloadedBytes : 0).toBe(0);
        if (seed % 20 === 0) await expectOthersRead(store, formatReference(reference));
      } finally {
        await close();
        await rm(store, { recursive: true, force: true });
      }
    });
  });

  test(`each of ${pushes} pushes brings the right bytes or ends with a typed error, and the next one goes on`, async () => {
    const source = await openBlobStore(join(directory, "source"));
    const client = impatientClient(30_000);
    const { signal } = new AbortController();
    const from = parseReference(`${registry.host}/team/image:1`);
    const { image } = await pullInto(source, client, from, signal);
    await forEachSeed(pushes, async (seed) => {
      const { reference, silence, close } = await behindFaults(registry, seed, `pushed/s${seed}:1`);
      const chunkBytes = seed % 2 === 0 ? 300_000 : 64 * 2 ** 20;
      const direct = { ...reference, registry: registry.host };
      try {
        const faulty = impatientClient(stallMilliseconds);
        const outcome = await outcomeOf(catalogue, (signal) =>
          pushFrom(source, image, faulty, reference, { chunkBytes, signal }),
        );
        await faulty.close();
        count(outcomes.push, outcome);
        expect(outcome === "done" ? await missingFromRegistry(direct, image) : []).toEqual([]);
        silence();
        await pushFrom(source, image, client, reference, { chunkBytes, signal: AbortSignal.timeout(60_000) });
        expect(await missingFromRegistry(direct, image)).toEqual([]);
      } finally {
        await close();
      }
    });
    await client.close();
  });
});

/** A name in the registry, by way of a proxy whose faults a seed decides, until there is silence. */
async function behindFaults(registry: DockerRegistry, seed: number, name: string) {
  let schedule: FaultSchedule = randomFaults(seed);
  const proxy = await startFaultProxy({ target: registry.host, schedule: (request) => schedule(request) });
  const reference: Reference = parseReference(`${proxy.host}/${name}`);
  return {
    reference,
    silence: () => {
      for (const { fault } of proxy.requests) if (fault) count(met, fault.kind);
      schedule = () => undefined;
    },
    close: proxy.close,
  };
}

/** A few at a time; what goes wrong is said with its seed. */
async function forEachSeed(total: number, run: (seed: number) => Promise<void>): Promise<void> {
  const seeds = Array.from({ length: total }, (_, index) => firstSeed + index).values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const seed of seeds)
        await run(seed).catch((cause: unknown) => {
          throw new Error(`seed ${seed}: ${String(cause)}`, { cause });
        });
    }),
  );
}

/** skopeo copies the image, which checks every digest; umoci lists it. */
async function expectOthersRead(store: string, name: string): Promise<void> {
  const run = promisify(execFile);
  const options = { env: { ...process.env, PATH: judgePath() } };
  const copy = await mkdtemp(join(tmpdir(), "bootlayer-copy-"));
  try {
    await run("skopeo", ["--insecure-policy", "copy", `oci:${store}:${name}`, `dir:${copy}`], options);
    expect((await run("umoci", ["ls", "--layout", store], options)).stdout.trim()).toBe(name);
  } finally {
    await rm(copy, { recursive: true });
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function summary(): object {
  return {
    firstSeed,
    pulls: sorted(outcomes.pull),
    pushes: sorted(outcomes.push),
    resumedPulls,
    faults: sorted(met),
  };
}

function sorted(counts: ReadonlyMap<string, number>): object {
  return Object.fromEntries([...counts].toSorted(([, one], [, other]) => other - one));
}
