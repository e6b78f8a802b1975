import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import {
  image,
  imageIndex,
  layerBlob,
  requireJudge,
  sha256Digest,
  startRegistry,
  tarArchive,
  writeLayout,
  type Fault,
  type FixtureImage,
  type FixtureIndex,
  type LayerBlob,
} from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { buildCli, runCli, withDirectory, type CliRun } from "./run-cli.ts";
import { smallImage } from "./small-image.ts";

/** Builds from a registry that serves `content`; answers with the run and whatever is left where the disk was to go. */
async function build(
  content: FixtureImage | FixtureIndex,
  options: { fault?: (path: string) => Fault | undefined; flags?: readonly string[] } = {},
): Promise<CliRun & { left: readonly string[] }> {
  const registry = await startRegistry({
    images: { "bad/image:1": content },
    fault: ({ path }) => options.fault?.(path),
  });
  try {
    return await withDirectory(async (directory) => {
      const output = join(directory, "output");
      await mkdir(output);
      const run = await buildCli({
        source: `${registry.host}/bad/image:1`,
        output: join(output, "disk"),
        store: join(directory, "store"),
        flags: ["--progress", "none", ...(options.flags ?? [])],
      });
      return { ...run, left: await readdir(output) };
    });
  } finally {
    await registry.close();
  }
}

function expectRefused(
  { exitCode, stdout, stderr, left }: CliRun & { left: readonly string[] },
  expectedExitCode: number,
  code: string,
): void {
  expect({ exitCode, stdout, stderr, left }).toEqual({
    exitCode: expectedExitCode,
    stdout: "",
    stderr: expect.stringMatching(new RegExp(`\\(${code}\\)\n$`)),
    left: [],
  });
}

const layer = (entries: Parameters<typeof tarArchive>[0]): LayerBlob => layerBlob(tarArchive(entries));
const isLayer =
  (blob: LayerBlob) =>
  (path: string): boolean =>
    path.endsWith(`/blobs/${blob.descriptor.digest}`);
const [base] = smallImage().layers as [LayerBlob, ...LayerBlob[]];

test("a blob whose bytes are not its digest's is BLOB_DIGEST", async () => {
  const run = await build(smallImage(), {
    fault: (path) => (isLayer(base)(path) ? { kind: "corrupt", atByte: 200 } : undefined),
  });
  expectRefused(run, 6, "BLOB_DIGEST");
});

test("a blob that ends early is a network failure once every attempt to go on has failed", async () => {
  const run = await build(smallImage(), {
    fault: (path) => (isLayer(base)(path) ? { kind: "status", status: 503 } : undefined),
  });
  expectRefused(run, 5, "REGISTRY_UNAVAILABLE");
});

test("a server that dies in the middle of a blob and stays away is a network failure", async () => {
  let died = false;
  const run = await build(smallImage(), {
    fault(path) {
      if (died) return { kind: "drop", afterBytes: 0 };
      if (!isLayer(base)(path)) return undefined;
      died = true;
      return { kind: "drop", afterBytes: 100 };
    },
  });
  expectRefused(run, 5, "REGISTRY_INTERRUPTED");
});

test("a layer that was cut off before it was pushed is refused, though its digest is right", async () => {
  const whole = layer([{ name: "a", content: Buffer.alloc(50_000, "a") }]);
  const cut = whole.bytes.subarray(0, whole.bytes.length - 20);
  const blob: LayerBlob = {
    ...whole,
    bytes: cut,
    descriptor: { ...whole.descriptor, digest: sha256Digest(cut), size: cut.length },
  };
  expectRefused(await build(image([blob])), 6, "LAYER_DECOMPRESS");
});

test("a tar that ends in the middle of a file is refused", async () => {
  const tar = tarArchive([{ name: "a", content: Buffer.alloc(50_000, "a") }]).subarray(0, 10_240);
  expectRefused(await build(image([layerBlob(tar)])), 6, "TAR_TRUNCATED");
});

test("a layer that is not what the config says is LAYER_DIFF_ID", async () => {
  const other = sha256Digest(Buffer.from("other"));
  expectRefused(await build(image([{ ...base, diffId: other }])), 6, "LAYER_DIFF_ID");
});

test("a path that leaves the root is refused", async () => {
  expectRefused(
    await build(image([layer([{ name: "../../etc/passwd", content: "root" }])])),
    6,
    "LAYER_PATH_ESCAPES",
  );
});

test("an index that names itself is refused", async () => {
  // A digest cannot name itself; the registry lies about the bytes, which the digest check then finds.
  const index = imageIndex([]);
  const loop = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: index.indexDescriptor.mediaType,
      manifests: [{ ...index.indexDescriptor }],
    }),
  );
  const run = await build({ ...index, index: loop });
  expect([5, 6]).toContain(run.exitCode);
  expect(run.left).toEqual([]);
});

test("indexes nested too deep are refused", async () => {
  const documents: { descriptor: FixtureIndex["indexDescriptor"]; bytes: Buffer }[] = [];
  let inner = smallImage().manifestDescriptor;
  for (let depth = 0; depth < 10; depth++) {
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.index.v1+json",
        manifests: [inner],
      }),
    );
    inner = {
      mediaType: "application/vnd.oci.image.index.v1+json",
      digest: sha256Digest(bytes),
      size: bytes.length,
    };
    documents.push({ descriptor: inner, bytes });
  }
  await withDirectory(async (directory) => {
    const nested = documents.map(({ descriptor, bytes }): FixtureIndex => ({
      index: bytes,
      indexDescriptor: descriptor,
      images: [],
    }));
    await writeLayout(
      join(directory, "layout"),
      Object.fromEntries(nested.map((index, depth) => [`depth${depth}`, index])),
    );
    const run = await runCli(["inspect", `oci:${join(directory, "layout")}:depth9`]);
    expect(run).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("INDEX_TOO_COMPLEX") });
  });
});

test("a bomb of a layer is stopped at the limit", async () => {
  const bomb = layer([{ name: "zeros", content: Buffer.alloc(64 * 2 ** 20) }]);
  expectRefused(
    await build(image([bomb]), { flags: ["--limit", "unpackedBytes=1000000"] }),
    7,
    "LAYER_LIMIT",
  );
  expectRefused(
    await build(image([bomb]), { flags: ["--limit", "ratioFloorBytes=1", "--limit", "ratio=100"] }),
    7,
    "LAYER_LIMIT",
  );
});

test("an image for another architecture is not found, and what there is is listed", async () => {
  const run = await build(image([base], { architecture: "s390x" }));
  expectRefused(run, 3, "PLATFORM_NOT_FOUND");
  expect(run.stderr).toContain("linux/s390x");
});

test("a disk too small for the image says how large it must be", async () => {
  const run = await build(image([layer([{ name: "a", content: Buffer.alloc(30 * 2 ** 20, "a") }])]), {
    flags: ["--size", "16M"],
  });
  expectRefused(run, 9, "EXT4_SIZE_TOO_SMALL");
  expect(run.stderr).toMatch(/\d{8}/);
});

test("a directory that is not there is refused before the registry is asked", async () => {
  await withDirectory(async (directory) => {
    const run = await runCli([
      "build",
      "127.0.0.1:1/a/b",
      "-o",
      join(directory, "none/disk"),
      "--store",
      join(directory, "store"),
    ]);
    expect(run).toMatchObject({ exitCode: 8, stderr: expect.stringContaining("FILE_NOT_FOUND") });
  });
});

test("a registry that is not there is a network failure", async () => {
  await withDirectory(async (directory) => {
    const run = await runCli([
      "build",
      "127.0.0.1:1/a/b",
      "-o",
      join(directory, "disk"),
      "--store",
      join(directory, "store"),
    ]);
    expect(run).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("REGISTRY_UNREACHABLE") });
  });
});

async function withTmpfs(
  options: string,
  use: (mounted: string, directory: string) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const mounted = join(directory, "mounted");
    await mkdir(mounted);
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", mounted]);
    try {
      await use(mounted, directory);
    } finally {
      execFileSync("umount", [mounted]);
    }
  });
}

const judge = requireJudge("root", "mount");
describe.skipIf(judge.skip)(`local file systems that refuse${judge.reason}`, () => {
  const large = image([layer([{ name: "a", content: Buffer.alloc(20 * 2 ** 20, "a") }])]);

  test("a full disk is FILE_NO_SPACE and the half-written disk is gone", async () => {
    await withTmpfs("size=8M", async (mounted, directory) => {
      await writeLayout(join(directory, "layout"), { large });
      const run = await buildCli({
        source: `oci:${join(directory, "layout")}`,
        output: join(mounted, "disk"),
        store: join(directory, "store"),
      });
      expect(run).toMatchObject({ exitCode: 8, stderr: expect.stringContaining("FILE_NO_SPACE") });
      expect(await readdir(mounted)).toEqual([]);
    });
  });

  test("a full store fails the pull; a full cache spoils nothing", async () => {
    await withTmpfs("size=4M", async (mounted, directory) => {
      await writeLayout(join(directory, "layout"), { large });
      const run = await buildCli({
        source: `oci:${join(directory, "layout")}`,
        output: join(directory, "disk"),
        store: mounted,
      });
      expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("not kept in the cache") });
      const random = image([
        layerBlob(
          tarArchive([
            {
              name: "a",
              content: Buffer.from(Array.from({ length: 8 * 2 ** 20 }, () => Math.random() * 256)),
            },
          ]),
          "none",
        ),
      ]);
      const registry = await startRegistry({ images: { "a/b:1": random } });
      const pull = await buildCli({
        source: `${registry.host}/a/b:1`,
        output: join(directory, "disk2"),
        store: mounted,
      });
      await registry.close();
      expect(pull).toMatchObject({ exitCode: 8, stderr: expect.stringContaining("FILE_NO_SPACE") });
      expect(await readdir(directory)).not.toContain("disk2");
    });
  });

  test("a read-only place is FILE_DENIED", async () => {
    await withTmpfs("ro", async (mounted, directory) => {
      await writeLayout(join(directory, "layout"), { large });
      const run = await buildCli({
        source: `oci:${join(directory, "layout")}`,
        output: join(mounted, "disk"),
        store: join(directory, "store"),
      });
      expect(run).toMatchObject({ exitCode: 8, stderr: expect.stringContaining("FILE_DENIED") });
    });
  });
});
