import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { e2fsck, requireJudge, startRegistry, withLibext2 } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { buildCli, runCli, withDirectory } from "./run-cli.ts";
import { smallImage } from "./small-image.ts";

async function sha256(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

test("a disk from a registry holds what the layers say, read by libext2fs", async () => {
  const registry = await startRegistry({ images: { "a/b:1": smallImage() } });
  await withDirectory(async (directory) => {
    const disk = join(directory, "disk");
    const run = await buildCli({
      source: `${registry.host}/a/b:1`,
      output: disk,
      store: join(directory, "store"),
    });
    expect(run).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(smallImage().manifestDescriptor.digest),
    });
    await withLibext2(disk, async (reader) => {
      const names = [...(await reader.list()).keys()].toSorted();
      expect(names).toEqual(["/", "/bin", "/bin/sh", "/bin/true", "/etc", "/etc/hostname", "/lost+found"]);
      expect((await reader.readFile("/etc/hostname")).toString()).toBe("upper\n");
    });
  });
  await registry.close();
});

test("the second build of a key comes from the cache, byte by byte the same, and asks for no layer", async () => {
  const registry = await startRegistry({ images: { "a/b:1": smallImage() } });
  await withDirectory(async (directory) => {
    const build = async (name: string, ...flags: string[]) => {
      const { stdout } = await buildCli({
        source: `${registry.host}/a/b:1`,
        output: join(directory, name),
        store: join(directory, "store"),
        flags: ["--json", ...flags],
      });
      return JSON.parse(stdout) as { cached: boolean; sha256: string };
    };
    const first = await build("first");
    const before = registry.requests.length;
    const second = await build("second");
    expect([first.cached, second.cached]).toEqual([false, true]);
    expect(
      registry.requests
        .slice(before)
        .filter(({ path }) => smallImage().layers.some(({ descriptor }) => path.includes(descriptor.digest))),
    ).toEqual([]);
    const third = await build("third", "--no-cache");
    expect(third.cached).toBe(false);
    const other = await build("other", "--label", "other");
    expect(other.cached).toBe(false);
    const sums = await Promise.all(["first", "second", "third"].map((name) => sha256(join(directory, name))));
    expect(new Set([...sums, first.sha256, second.sha256, third.sha256]).size).toBe(1);
    expect(other.sha256).not.toBe(first.sha256);
  });
  await registry.close();
});

test.each([
  { kind: "basic", user: "me", password: "secret" },
  { kind: "bearer", user: "me", password: "secret" },
] as const)(
  "a registry with $kind access is opened by what docker login wrote, and by nothing else",
  async (auth) => {
    const registry = await startRegistry({ images: { "a/b:1": smallImage() }, auth });
    await withDirectory(async (directory) => {
      const { writeFile } = await import("node:fs/promises");
      await writeFile(
        join(directory, "config.json"),
        JSON.stringify({ auths: { [registry.host]: { auth: Buffer.from("me:secret").toString("base64") } } }),
      );
      const inspect = (config: string) =>
        runCli(["inspect", `${registry.host}/a/b:1`, "--platform", "linux/amd64"], {
          env: { DOCKER_CONFIG: config, HOME: directory },
        });
      expect(await inspect(directory)).toMatchObject({ exitCode: 0 });
      expect(await inspect(join(directory, "none"))).toMatchObject({
        exitCode: 4,
        stderr: expect.stringContaining("REGISTRY_UNAUTHORIZED"),
      });
    });
    await registry.close();
  },
);

const judge = requireJudge("e2fsck", "skopeo");
describe.skipIf(judge.skip)(`others' tools${judge.reason}`, () => {
  test.each(["none", "gzip", "zstd"] as const)(
    "e2fsck finds a disk of %s layers clean, and skopeo reads the store",
    async (compression) => {
      const registry = await startRegistry({ images: { "a/b:1": smallImage(compression) } });
      await withDirectory(async (directory) => {
        const store = join(directory, "store");
        await buildCli({ source: `${registry.host}/a/b:1`, output: join(directory, "disk"), store });
        await e2fsck(join(directory, "disk"));
        const inspected = execFileSync("skopeo", ["inspect", "--raw", `oci:${store}:${registry.host}/a/b:1`]);
        expect(inspected.equals(smallImage(compression).manifest)).toBe(true);
      });
      await registry.close();
    },
  );
});
