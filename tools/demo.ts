/**
 * `npm start` without arguments: the main job, from nothing. Makes a small real image out of packages that the workspace
 * has anyway, serves it from a registry on loopback, lets the CLI build a disk of it, and checks the disk with programs
 * that are not ours.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync, rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  image,
  layerBlob,
  startRegistry,
  tarArchive,
  withLibext2,
  type TarEntry,
} from "@bootlayer/test-fixtures";

const root = join(import.meta.dirname, "..");
const work = join(root, ".cache/demo");
const disk = join(work, "demo.ext4");
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function fail(message: string): never {
  process.stderr.write(`demo: ${message}\n`);
  process.exit(1);
}

/** A package's files from node_modules, below `target`. */
function packageEntries(name: string, target: string): TarEntry[] {
  const folder = join(root, "node_modules", name);
  return globSync("**/*", { cwd: folder, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .toSorted()
    .map((path) => ({
      name: `${target}/${relative(folder, path)}`,
      content: readFileSync(path),
      mode: 0o644,
    }));
}

/** Esbuild's program is one static binary: a root file system that needs nothing else. */
function staticProgram(): Buffer {
  const names = [`@esbuild/${process.platform}-${process.arch}`, "@esbuild/linux-x64"];
  const found = names
    .map((name) => join(root, "node_modules", name, "bin/esbuild"))
    .find((path) => existsSync(path));
  return found === undefined ? fail("esbuild's binary is not installed") : readFileSync(found);
}

const layers: readonly (readonly TarEntry[])[] = [
  [
    { name: "etc/", type: "directory" },
    { name: "etc/passwd", content: "root:x:0:0:root:/root:/bin/false\nbuild:x:1000:1000::/srv:/bin/false\n" },
    { name: "tmp/", type: "directory", mode: 0o1777 },
    { name: "dev/", type: "directory" },
    { name: "dev/null", type: "character-device", device: { major: 1, minor: 3 }, mode: 0o666 },
    { name: "usr/bin/esbuild", content: staticProgram(), mode: 0o755 },
    { name: "usr/bin/bundle", type: "hardlink", linkTarget: "usr/bin/esbuild" },
  ],
  packageEntries("zod", "srv/node_modules/zod"),
  [
    { name: "srv/node_modules/zod/.wh.src", content: "" },
    {
      name: "srv/main.ts",
      content: 'import * as z from "zod";\nconsole.log(z.int().parse(42));\n',
      uid: 1000,
      gid: 1000,
    },
    { name: "srv/größe", content: "a name beyond ASCII\n" },
  ],
];

await mkdir(work, { recursive: true });
for (const part of ["demo.ext4", "store"]) rmSync(join(work, part), { recursive: true, force: true });

say("1. an image of three layers, out of this workspace's own packages");
const blobs = layers.map((entries) =>
  layerBlob(tarArchive(entries.map((entry) => ({ mtime: 1_700_000_000, ...entry })))),
);
const demo = image(blobs, {
  created: "2023-11-14T22:13:20Z",
  config: { Entrypoint: ["/usr/bin/esbuild"], Cmd: ["/srv/main.ts", "--bundle"], User: "build" },
});
const registry = await startRegistry({ images: { "demo/esbuild:latest": demo } });
const reference = `${registry.host}/demo/esbuild:latest`;

say(`2. a registry on loopback serves it; bootlayer build ${reference} -o ${relative(root, disk)}`);
const platform = "linux/amd64";
const { promise, resolve } = Promise.withResolvers<number | null>();
const arguments_ = ["build", reference, "-o", disk, "--store", join(work, "store"), "--platform", platform];
spawn(
  process.execPath,
  [...process.execArgv, fileURLToPath(new URL("../apps/cli/src/main.ts", import.meta.url)), ...arguments_],
  { stdio: "inherit" },
).on("exit", resolve);
const status = await promise;
await registry.close();
if (status !== 0) fail(`the build ended with ${status}`);

say("3. the disk, read by programs that are not ours");
const fsck = spawnSync("e2fsck", ["-fn", disk], {
  encoding: "utf8",
  env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
});
if (fsck.error) say("   e2fsck is not installed here: left out");
else if (fsck.status === 0) say("   e2fsck -fn: clean");
else fail(`e2fsck -fn ended with ${fsck.status}\n${fsck.stdout}`);

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const removed = (path: string): boolean => path.includes("/zod/src/") || path.includes(".wh.");
let equal = 0;
await withLibext2(disk, async (reader) => {
  const shown = [...(await reader.list()).keys()].find(removed);
  if (shown !== undefined) fail(`a whiteout did not hide ${shown}`);
  for (const { name, content, type = "file" } of layers.flat()) {
    const path = `/${String(name)}`;
    if (type !== "file" || removed(path)) continue;
    const bytes = await reader.readFile(path);
    if (sha256(bytes) !== sha256(Buffer.from(content ?? "")))
      fail(`${path} is not on the disk as it was in the image`);
    equal++;
  }
});
say(
  `   libext2fs: ${equal} files read back, each equal to its layer's bytes; what the top layer removed is gone`,
);
say(`done: ${relative(process.cwd(), disk)}`);
