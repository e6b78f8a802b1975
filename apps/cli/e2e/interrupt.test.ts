import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { image, layerBlob, startRegistry, tarArchive, writeLayout } from "@bootlayer/test-fixtures";
import { expect, test } from "vitest";
import { buildCli, withDirectory, type CliOptions } from "./run-cli.ts";
import { smallImage } from "./small-image.ts";

/** Enough that a build of it takes a while. */
const slow = image(
  ["a", "b"].map((name) => layerBlob(tarArchive([{ name, content: Buffer.alloc(150 * 2 ** 20, name) }]))),
);

test.each<[NodeJS.Signals, number]>([
  ["SIGINT", 130],
  ["SIGTERM", 143],
])("%s in the middle of writing ends with %i and leaves nothing", async (signal, exitCode) => {
  await withDirectory(async (directory) => {
    await writeLayout(join(directory, "layout"), { slow });
    await mkdir(join(directory, "output"));
    const run = await buildCli(
      {
        source: `oci:${join(directory, "layout")}`,
        output: join(directory, "output/disk"),
        store: join(directory, "store"),
        flags: ["--progress", "json"],
      },
      {
        onStderr: (text, kill) => text.includes('"layer-bytes"') && kill(signal),
      },
    );
    expect(run).toMatchObject({ exitCode, stdout: "" });
    expect(await readdir(join(directory, "output"))).toEqual([]);
  });
});

test("SIGINT while a registry stalls ends at once", async () => {
  const registry = await startRegistry({
    images: { "a/b:1": smallImage() },
    fault: ({ path }) => (path.includes("/blobs/") ? { kind: "stall", afterBytes: 10 } : undefined),
  });
  await withDirectory(async (directory) => {
    const run = await buildCli(
      {
        source: `${registry.host}/a/b:1`,
        output: join(directory, "disk"),
        store: join(directory, "store"),
        flags: ["--progress", "json"],
      },
      {
        onStderr: (text, kill) => text.includes('"resolve"') && kill("SIGINT"),
      },
    );
    expect(run.exitCode).toBe(130);
    expect(await readdir(directory)).toEqual(["store"]);
  });
  await registry.close();
});

test("what a killed build left is swept by the next one of the same output", async () => {
  await withDirectory(async (directory) => {
    await writeLayout(join(directory, "layout"), { slow, small: smallImage() });
    await mkdir(join(directory, "output"));
    const build = (tag: string, options?: CliOptions) =>
      buildCli(
        {
          source: `oci:${join(directory, "layout")}:${tag}`,
          output: join(directory, "output/disk"),
          store: join(directory, "store"),
          flags: ["--progress", "json"],
        },
        options,
      );
    await expect(
      build("slow", { onStderr: (text, kill) => text.includes('"layer-bytes"') && kill("SIGKILL") }),
    ).rejects.toThrow("SIGKILL");
    expect(await readdir(join(directory, "output"))).toHaveLength(1);
    expect(await build("small")).toMatchObject({ exitCode: 0 });
    expect(await readdir(join(directory, "output"))).toEqual(["disk"]);
  });
});
