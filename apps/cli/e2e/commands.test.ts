import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startRegistry, writeLayout } from "@bootlayer/test-fixtures";
import { expect, test } from "vitest";
import { buildCli, runCli, withDirectory } from "./run-cli.ts";
import { smallImage } from "./small-image.ts";

test("--version says the version, --help the commands", async () => {
  expect(await runCli(["--version"])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
  const { exitCode, stdout } = await runCli(["--help"]);
  expect(exitCode).toBe(0);
  for (const command of ["build", "inspect", "ls", "pull", "push", "images", "rm", "gc", "scrub"])
    expect(stdout).toContain(command);
});

test.for([
  ["20.20.2", 2],
  ["24.11.0", 2],
  ["24.12.0", 0],
  ["25.0.0", 0],
] as const)("Node %s ends with %i: one that is too old is told", async ([node, exitCode]) => {
  const versions = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${node}" } })`;
  const run = await runCli(["--version"], {
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(versions)}` },
  });
  const stderr = exitCode === 0 ? "" : `bootlayer: it needs Node 24.12 or newer, and this is ${node}\n`;
  expect(run).toMatchObject({ exitCode, stderr });
});

test.each<[string, readonly string[]]>([
  ["no output", ["build", "alpine"]],
  ["an unknown flag", ["build", "alpine", "-o", "x", "--nope"]],
  ["an unknown command", ["bake"]],
  ["a size that is none", ["build", "alpine", "-o", "x", "--size", "huge"]],
  ["a reference that is none", ["build", "UPPER/Case", "-o", "x"]],
  ["another tool's transport", ["inspect", "containers-storage:alpine"]],
  ["a platform that is none", ["inspect", "alpine", "--platform", "a/b/c/d"]],
  ["a limit that there is not", ["build", "alpine", "-o", "x", "--limit", "patience=1"]],
])("%s ends with 2 and says so", async (_case, arguments_) => {
  const { exitCode, stdout, stderr } = await runCli(arguments_);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).not.toBe("");
});

test("inspect shows an image without pulling its layers", async () => {
  const registry = await startRegistry({ images: { "a/b:1": smallImage() } });
  await withDirectory(async (directory) => {
    const source = `${registry.host}/a/b:1`;
    const { exitCode, stdout } = await runCli([
      "inspect",
      source,
      "--platform",
      "linux/amd64",
      "--store",
      directory,
      "--json",
    ]);
    expect(exitCode).toBe(0);
    const { manifestDescriptor, layers } = smallImage();
    expect(JSON.parse(stdout)).toMatchObject({
      digest: manifestDescriptor.digest,
      platform: "linux/amd64",
      index: null,
      config: { config: { Cmd: ["/bin/true"] } },
    });
    const text = (await runCli(["inspect", source, "--platform", "linux/amd64", "--store", directory]))
      .stdout;
    expect(text).toContain(layers[1]?.descriptor.digest);
    expect(
      registry.requests.filter(({ path }) => path.includes(String(layers[0]?.descriptor.digest))),
    ).toEqual([]);
  });
  await registry.close();
});

test("ls lists the flattened image, whiteouts applied, symlinks followed inside it", async () => {
  await withDirectory(async (directory) => {
    await writeLayout(join(directory, "layout"), { small: smallImage() });
    const source = `oci:${join(directory, "layout")}:small`;
    const flags = ["--platform", "linux/amd64", "--progress", "none"];
    expect(
      (await runCli(["ls", source, ...flags])).stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split(/\s+/).at(-1)),
    ).toEqual(["bin", "etc"]);
    const etc = JSON.parse((await runCli(["ls", source, "etc", ...flags, "--json"])).stdout) as unknown;
    expect(etc).toEqual([
      {
        name: "hostname",
        kind: "file",
        mode: "0644",
        uid: 1000,
        gid: 1000,
        mtime: expect.any(String),
        size: 6,
        xattrs: {},
      },
    ]);
    expect((await runCli(["ls", source, "/bin", ...flags])).stdout).toMatch(
      /^lrwxrwxrwx.*sh -> true\n-rwsr-xr-x +0 +0 +100000 .* true\n$/,
    );
    expect(await runCli(["ls", source, "/etc/shadow", ...flags])).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining("PATH_NOT_FOUND"),
    });
  });
});

test("images lists what was pulled, by its full name", async () => {
  const registry = await startRegistry({ images: { "a/b:1": smallImage() } });
  await withDirectory(async (directory) => {
    const env = { BOOTLAYER_STORE: join(directory, "store") };
    const build = await runCli(
      ["build", `${registry.host}/a/b:1`, "-o", join(directory, "disk"), "--platform", "linux/amd64"],
      { env },
    );
    expect(build).toMatchObject({ exitCode: 0 });
    const { stdout } = await runCli(["images", "--json"], { env });
    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({
        name: `${registry.host}/a/b:1`,
        digest: smallImage().manifestDescriptor.digest,
      }),
    ]);
  });
  await registry.close();
});

test("build --json prints one object and nothing else; plain progress goes to standard error", async () => {
  await withDirectory(async (directory) => {
    await writeLayout(join(directory, "layout"), { small: smallImage("zstd") });
    const disk = join(directory, "disk");
    const { exitCode, stdout, stderr } = await buildCli({
      source: `oci:${join(directory, "layout")}`,
      output: disk,
      store: join(directory, "store"),
      flags: ["--json"],
    });
    expect(exitCode).toBe(0);
    const result = JSON.parse(stdout) as Record<string, unknown>;
    expect(result).toMatchObject({
      digest: smallImage("zstd").manifestDescriptor.digest,
      platform: "linux/amd64",
      format: "ext4",
      output: disk,
      bytes: (await stat(disk)).size,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      cached: false,
    });
    const stages = result["stages"] as { stage: string }[];
    expect(stages.map(({ stage }) => stage)).toEqual(["resolve", "flatten", "write", "cache", "digest"]);
    expect(stderr).toContain("flattened and verified");
  });
});

test("a device or a symlink as the output is refused before anything is done", async () => {
  await withDirectory(async (directory) => {
    await writeLayout(join(directory, "layout"), { small: smallImage() });
    const run = await runCli([
      "build",
      `oci:${join(directory, "layout")}`,
      "-o",
      "/dev/null",
      "--platform",
      "linux/amd64",
    ]);
    expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("OUTPUT_NOT_A_FILE") });
  });
});

test("an output that is there is replaced by the whole new disk, and nothing else is left beside it", async () => {
  await withDirectory(async (directory) => {
    await writeLayout(join(directory, "layout"), { small: smallImage() });
    await writeFile(join(directory, "disk"), "old");
    const run = await buildCli(
      { source: "oci:layout", output: "disk", store: "store", flags: ["--no-cache"] },
      { cwd: directory },
    );
    expect(run).toMatchObject({ exitCode: 0 });
    expect((await stat(join(directory, "disk"))).size).toBeGreaterThan(2 ** 20);
    expect((await readdir(directory)).filter((name) => name !== "store")).toEqual(["disk", "layout"]);
  });
});
