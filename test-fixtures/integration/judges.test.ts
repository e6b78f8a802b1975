import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  bootDisk,
  debugfs,
  dumpe2fs,
  e2fsck,
  image,
  imageIndex,
  layerBlob,
  listTree,
  requireCloudKernel,
  requireJudge,
  startDockerRegistry,
  tarArchive,
  umociUnpack,
  withLibext2,
  withMount,
  writeLayout,
} from "../src/index.ts";
import { runTool } from "../src/judges/run-tool.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-test-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function ext4Image(name: string, script: string): Promise<string> {
  const tree = join(directory, `${name}-tree`);
  await runTool("mkdir", [tree]);
  await runTool("bash", ["-euc", script], { cwd: tree });
  const disk = join(directory, name);
  await runTool("mke2fs", ["-q", "-t", "ext4", "-d", tree, disk, "16M"]);
  return disk;
}

const e2fsprogs = requireJudge("mke2fs", "e2fsck", "debugfs", "dumpe2fs");

describe.skipIf(e2fsprogs.skip)(`readers of ext4${e2fsprogs.reason}`, () => {
  test("a sound image passes e2fsck, and one wrong byte in its root inode does not", async () => {
    const disk = await ext4Image("fsck", "echo hello > file");
    await e2fsck(disk);
    const table = /Inode table at (\d+)/.exec(await dumpe2fs(disk))?.[1];
    const handle = await open(disk, "r+");
    await handle.write(Buffer.from([0xff]), 0, 1, Number(table) * 1024 + 256 + 4);
    await handle.close();
    await expect(e2fsck(disk)).rejects.toThrow("Inode 2, i_size is 1279, should be 1024");
  });

  test("a journal that awaits its recovery is something to mend, though e2fsck ends with 0", async () => {
    const disk = await ext4Image("journal", "echo hello > file");
    await runTool("debugfs", ["-w", "-R", "feature needs_recovery", disk]);
    await expect(e2fsck(disk)).rejects.toThrow("skipping journal recovery");
  });

  test("debugfs answers, and its complaints are errors though it ends with 0", async () => {
    const disk = await ext4Image("debugfs", "echo hello > file");
    expect(await debugfs(disk, "cat /file")).toBe("hello\n");
    await expect(debugfs(disk, "cat /missing")).rejects.toThrow("File not found");
  });

  test("libext2fs lists an image and reads its files without root", async () => {
    const disk = await ext4Image(
      "libext2",
      "mkdir d; printf 'h\\377' > d/file; ln -s d/file link; ln d/file hard",
    );
    await withLibext2(disk, async ({ list, readFile }) => {
      const entries = await list();
      expect([...entries.keys()]).toEqual(["/", "/d", "/d/file", "/hard", "/link", "/lost+found"]);
      expect(entries.get("/link")).toEqual({
        type: "symlink",
        mode: 0o777,
        links: 1,
        size: 6,
        linkTarget: "d/file",
      });
      expect(entries.get("/hard")).toEqual({ type: "file", mode: 0o644, links: 2, size: 2 });
      expect(await readFile("/d/file")).toEqual(Buffer.from([0x68, 0xff]));
    });
  });
});

const mounting = requireJudge("root", "mount", "mke2fs", "python3");

describe.skipIf(mounting.skip)(`the kernel's mount${mounting.reason}`, () => {
  test("an image is mounted read-only, and unmounted even after a failure", async () => {
    const disk = await ext4Image("mount", "echo hello > file");
    const entries = await withMount(disk, { type: "ext4" }, listTree);
    expect([...entries.keys()]).toEqual(["/", "/file", "/lost+found"]);
    const failing = withMount(disk, { type: "ext4" }, async (mounted) => {
      await writeFile(join(mounted, "new"), "");
    });
    await expect(failing).rejects.toThrow("EROFS");
    expect(await runTool("mount", [])).not.toContain(disk);
  });

  test("an image that the kernel refuses is an error with its complaint", async () => {
    const disk = await ext4Image("wrong-type", "true");
    const mounted = withMount(disk, { type: "squashfs" }, async () => {});
    await expect(mounted).rejects.toThrow("wrong fs type");
  });

  test("an image is unmounted when its user is killed", async () => {
    const disk = await ext4Image("killed", "true");
    const module = new URL("../src/judges/with-mount.ts", import.meta.url);
    const program = `import { withMount } from ${JSON.stringify(module)};
      await withMount(process.argv[1], { type: "ext4" }, async () => process.kill(process.pid, "SIGKILL"));`;
    await expect(runTool(process.execPath, ["--input-type=module", "--eval", program, disk])).rejects.toThrow(
      "SIGKILL",
    );
    await vi.waitFor(async () => {
      expect(await runTool("mount", [])).not.toContain(disk);
    }, 10_000);
  });
});

const hello = image([layerBlob(tarArchive([{ name: "f", content: "hello" }]))]);
const unpacking = requireJudge("root", "umoci", "skopeo", "docker-registry", "python3");

describe.skipIf(unpacking.skip)(`layouts and registries of others${unpacking.reason}`, () => {
  test("umoci unpacks an image of a layout, and skopeo reads an index of it", async () => {
    const layout = join(directory, "layout");
    const index = imageIndex([{ image: hello, platform: { architecture: "amd64", os: "linux" } }]);
    await writeLayout(layout, { one: hello, many: index });
    const entries = await listTree(await umociUnpack(layout, "one", join(directory, "bundle")));
    expect([...entries.keys()]).toEqual(["/", "/f"]);
    expect(JSON.parse(await runTool("skopeo", ["inspect", "--raw", `oci:${layout}:many`]))).toMatchObject({
      manifests: [{ digest: hello.manifestDescriptor.digest }],
    });
  });

  test.for([false, true])(
    "docker-registry takes an image and serves it; with an account: %s",
    async (auth) => {
      const layout = join(directory, `layout-${auth}`);
      await writeLayout(layout, { one: hello });
      const registry = await startDockerRegistry({ auth });
      try {
        await registry.push(layout, "one", "lib/hello:1");
        const url = `http://${registry.host}/v2/lib/hello/blobs/${hello.configDescriptor.digest}`;
        const { user, password } = registry.account ?? { user: "", password: "" };
        const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
        expect(await (await fetch(url, { headers: { authorization } })).text()).toBe(hello.config.toString());
        expect((await fetch(url)).status).toBe(auth ? 401 : 200);
      } finally {
        await registry.close();
      }
    },
  );
});

const booting = requireJudge("mke2fs", "busybox");
const guest = await requireCloudKernel();

describe.skipIf(booting.skip || guest.skip)(`a guest${booting.reason}${guest.reason}`, () => {
  test(
    "commands typed into the guest's shell answer with output and exit code",
    { timeout: 180_000 },
    async () => {
      const disk = await ext4Image(
        "boot",
        "mkdir -p bin dev; cp $(command -v busybox) bin/; ln -s busybox bin/sh; ln -s busybox bin/cat; echo hello > file",
      );
      const { commands } = await bootDisk({
        kernel: guest.kernel,
        disk,
        commands: ["cat /file", "printf hi", "missing", "echo changed > /file && cat /file"],
      });
      expect(commands.map(({ output, exitCode }) => [output, exitCode])).toEqual([
        ["hello\n", 0],
        ["hi", 0],
        ["/bin/sh: missing: not found\n", 127],
        ["changed\n", 0],
      ]);
      expect(await debugfs(disk, "cat /file")).toBe("hello\n");
    },
  );

  test("a disk that does not boot is an error that shows the console", { timeout: 180_000 }, async () => {
    const disk = await ext4Image("empty", "true");
    await expect(bootDisk({ kernel: guest.kernel, disk, commands: [] })).rejects.toThrow(
      /the guest ended.*Kernel panic/s,
    );
  });
});
