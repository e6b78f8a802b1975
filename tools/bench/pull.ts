/**
 * Times pulls from Debian's docker-registry on loopback against skopeo and against the floor, in one run, in turns; and
 * builds from the registry against builds from a filled store.
 *
 *     npx nx build cli
 *     node --conditions=@bootlayer/source tools/bench/pull.ts [--runs 5] [--only pull|build|warm] [IMAGE ...]
 *
 * Prints the tables of docs/performance.md; `warm` is what a pull of what is there costs, in milliseconds.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { realImage, startDockerRegistry } from "@bootlayer/test-fixtures";
import { atLeastOne, namedImages, oneOf } from "../src/command-line.ts";
import { measure, type Measurement } from "./measure.ts";
import { measurementCells, measurementColumns, medianWall, printHead, printRow } from "./table.ts";
import { benchWarmPull, benchWarmPullInProcess } from "./warm-pull.ts";

const root = join(import.meta.dirname, "../..");
const cli = join(root, "apps/cli/dist/bootlayer.mjs");
const scratch = join(root, ".cache/bench-pull");
const work = join(scratch, "work");
const filled = join(scratch, "filled");
const tag = "gzip";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "5" }, only: { type: "string" } },
});
const only = values.only === undefined ? undefined : oneOf("--only", ["pull", "build", "warm"], values.only);
const turns = atLeastOne("--runs", values.runs);
const images = namedImages(positionals);

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
}

/** Every blob of the image's manifest, one after another, from the network into a hash. */
const floorScript = `
for blob in $(curl -sSf -H "Accept: application/vnd.oci.image.manifest.v1+json" "http://$1/v2/bench/manifests/$2" | grep -o 'sha256:[0-9a-f]*'); do
  curl -sSf "http://$1/v2/bench/blobs/$blob" | $3 > /dev/null || exit 1
done`;

function floor(name: string, host: string, hash: string): Contender {
  return { name, command: ["sh", "-ec", floorScript, "sh", host, tag, hash] };
}

function bootlayer(command: string, ...further: readonly string[]): readonly string[] {
  return [process.execPath, cli, command, ...further, "--progress", "none"];
}

function pulls(host: string): readonly Contender[] {
  const name = `${host}/bench:${tag}`;
  const layout = `oci:${join(work, "layout")}:${tag}`;
  return [
    { name: "bootlayer pull", command: bootlayer("pull", name, "--store", join(work, "store")) },
    {
      name: "skopeo copy docker: oci:",
      command: [
        "skopeo",
        "--insecure-policy",
        "copy",
        "-q",
        "--src-tls-verify=false",
        `docker://${name}`,
        layout,
      ],
    },
    floor("curl, sha256sum", host, "sha256sum"),
    floor("curl, openssl dgst -sha256", host, "openssl dgst -sha256"),
    { name: "bootlayer pull, all in the store", command: bootlayer("pull", name, "--store", filled) },
    { name: "bootlayer --version", command: [process.execPath, cli, "--version"] },
  ];
}

function builds(host: string): readonly Contender[] {
  const name = `${host}/bench:${tag}`;
  const build = (store: string) =>
    bootlayer("build", name, "-o", join(work, "disk.ext4"), "--no-cache", "--store", store);
  return [
    { name: "bootlayer build, from the registry", command: build(join(work, "store")) },
    { name: "bootlayer build, all in the store", command: build(filled) },
  ];
}

function runOnce({ command }: Contender): Measurement {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  return measure(command, root);
}

async function bench(image: string, layout: string): Promise<void> {
  const registry = await startDockerRegistry();
  try {
    await registry.push(layout, tag, `bench:${tag}`);
    rmSync(scratch, { recursive: true, force: true });
    measure(bootlayer("pull", `${registry.host}/bench:${tag}`, "--store", filled), root);
    if (only === "warm") {
      const [, , ...pull] = bootlayer("pull", `${registry.host}/bench:${tag}`, "--store", filled);
      await benchWarmPull(cli, pull, turns);
      await benchWarmPullInProcess(`${registry.host}/bench:${tag}`, filled, turns);
      return;
    }
    const contenders = [
      ...(only === "build" ? [] : pulls(registry.host)),
      ...(only === "pull" ? [] : builds(registry.host)),
    ];
    const measured = contenders.map((contender) => ({ contender, results: [] as Measurement[] }));
    for (let run = 0; run < turns; run++)
      for (const { contender, results } of measured) {
        // Runs block this thread: between them it reads the registry's log, whose pipe would fill up otherwise.
        await wait(100);
        results.push(runOnce(contender));
      }
    const floorSeconds = medianWall(
      measured.find(({ contender }) => contender.name === "curl, sha256sum")?.results ?? [],
    );
    for (const { contender, results } of measured)
      printRow([
        image,
        contender.name,
        ...measurementCells(results),
        Number.isNaN(floorSeconds) ? "" : (floorSeconds / medianWall(results)).toFixed(2),
      ]);
  } finally {
    await registry.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (only !== "warm") printHead(["image", "", ...measurementColumns, "of the floor's speed"]);
for (const name of images) await bench(name, (await realImage(name)).layout);
