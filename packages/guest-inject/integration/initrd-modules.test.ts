import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { cloudKernel, judgePath, requireCloudKernel, requireJudge } from "@bootlayer/test-fixtures";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { prepareModules } from "../src/kernel-modules.ts";

const tools = requireJudge("depmod", "modprobe");
const judge = tools.skip ? tools : await requireCloudKernel();

const asked = ["virtio_blk", "virtio_net", "squashfs", "overlay", "vsock_loopback", "virtio-rng"];

describe.skipIf(judge.skip)(`the modules of Debian's kernel, as kmod orders them${judge.reason}`, () => {
  const env = { PATH: judgePath() };
  let root: string;
  let packaged: string;
  let withDep: string;
  beforeAll(async () => {
    const { modules, version } = await cloudKernel();
    packaged = modules;
    root = await mkdtemp(join(tmpdir(), "bootlayer-kmod-"));
    withDep = join(root, "lib", "modules", version);
    await mkdir(join(root, "lib", "modules"), { recursive: true });
    await cp(packaged, withDep, { recursive: true });
    await execa("depmod", ["-b", root, version], { env });
  });
  afterAll(async () => {
    await rm(root, { recursive: true });
  });

  /** What modprobe would load for modules, each with what it needs; in its order. */
  async function neededBy(...names: readonly string[]): Promise<string[]> {
    const show = ["-d", root, "-S", basename(withDep), "--show-depends", "-a", ...names];
    const { stdout } = await execa("modprobe", show, { env });
    const lines = stdout.split("\n").flatMap((line) => /^insmod .*?\/(kernel\/\S+)/.exec(line)?.[1] ?? []);
    return [...new Set(lines)];
  }

  test.for(asked)("%s", async (name) => {
    // What no module says: devices of virtio come to light by these.
    const isDriver = name.startsWith("virtio");
    const transports = isDriver ? ["virtio_pci", "virtio_mmio"] : [];
    const ours = await prepareModules(packaged, [name], "amd64", undefined);
    const paths = ours.load.map(({ path }) => path);
    expect(paths.toSorted()).toEqual((await neededBy(name, ...transports)).toSorted());
    // Modprobe's order is one of several that are right: in ours too, each comes after all that it needs itself.
    for (const [index, path] of paths.entries()) {
      const before = (await neededBy(basename(path, ".ko"))).filter((other) => other !== path);
      expect(paths.slice(0, index)).toEqual(expect.arrayContaining(before));
    }
  });

  test("depmod's files change nothing", async () => {
    const [one, other] = await Promise.all(
      [packaged, withDep].map((directory) => prepareModules(directory, asked, "amd64", undefined)),
    );
    expect(one?.load.map(({ path }) => path)).toEqual(other?.load.map(({ path }) => path));
  });
});
