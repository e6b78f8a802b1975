import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  debugfs,
  dumpe2fs,
  e2fsck,
  FURTHER_GUEST_MODULES,
  GUEST_MODULES,
  requireCloudKernel,
  requireJudge,
} from "@bootlayer/test-fixtures";
import { beforeAll, describe, expect, test } from "vitest";
import {
  boots,
  bootToEnd,
  bootTree,
  buildProgram,
  BUSYBOX,
  guestModules,
  packDisk,
  packInitrd,
  scratchDirectory,
  shellConf,
  writeFiles,
  writeTree,
} from "./init-guest.ts";

const run = promisify(execFile);
const tools = requireJudge("musl-gcc", "cpio", "busybox", "mke2fs", "e2fsck", "debugfs", "mksquashfs");
const kernel = await requireCloudKernel();
const judge = tools.skip ? tools : kernel;
const uuid = "6f1a4c52-93d0-4c3e-9b0b-3f0f5a1d2e77";

/** Nothing to mend, and no journal that would have to be replayed. */
async function expectClean(disk: string): Promise<void> {
  await e2fsck(disk);
  const superblock = await dumpe2fs(disk);
  expect(superblock).toMatch(/Filesystem state: +clean\n/);
  expect(superblock).not.toContain("needs_recovery");
}

describe.skipIf(judge.skip)(`a disk without any directory of a machine's${judge.reason}`, () => {
  let console: string;
  beforeAll(async () => {
    await using scratch = await scratchDirectory();
    const places = { host: await buildProgram(scratch.path, "places") };
    const conf =
      "argv /places\nargv /kept\nargv /run/lock\nargv /tmp/file\nargv /volume/file\ntmpfs /volume 755 1m";
    const disk = await packDisk(await writeTree(join(scratch.path, "tree"), { conf, files: { places } }));
    console = await bootToEnd({
      disks: [{ path: disk, keepWrites: true }],
      append: "root=/dev/nvme0n1 rw init=/init",
    });
    await expectClean(disk);
    expect(await debugfs(disk, "cat /kept")).toBe("kept\n");
    expect(await debugfs(disk, "cat /tmp/file")).toBe("kept\n");
    expect(await debugfs(disk, "stat /tmp")).toMatch(/Mode: +01777/);
    expect(await debugfs(disk, "ls /volume")).not.toContain("file");
  });

  test("gets them, can be written to, and is clean after the power-off", () => {
    expect(console).not.toMatch(/bootlayer: (warning|failed)/);
    expect(console.match(/^write .*/gm)).toEqual([
      "write /kept: ok",
      "write /run/lock: ok",
      "write /tmp/file: ok",
      "write /volume/file: ok",
    ]);
    expect(console).toMatch(/\nbootlayer: exit 0\n/);
  });
});

describe.skipIf(judge.skip)(`a root that cannot be written${judge.reason}`, boots, () => {
  test("has its mount points in an overlay where it lacks them, and stays read-only", async () => {
    await using scratch = await scratchDirectory();
    const places = { host: await buildProgram(scratch.path, "places") };
    const overlay = await guestModules(...FURTHER_GUEST_MODULES.overlay);
    const conf = `${overlay.conf}\nargv /places\nargv /kept\nargv /tmp/file\nargv /volume/file\ntmpfs /volume 755 1m`;
    const tree = join(scratch.path, "tree");
    await writeTree(tree, { conf, files: { ...overlay.files, places } });
    const disk = await packDisk(tree);
    const console = await bootToEnd({ disks: [{ path: disk }], append: "root=/dev/nvme0n1 ro init=/init" });
    expect(console).toMatch(/warning the root cannot be written and lacks \/dev, \/proc or \/sys/);
    expect(console).toContain(
      "\nwrite /kept: Read-only file system\nwrite /tmp/file: ok\nwrite /volume/file: ok\nbootlayer: exit 0\n",
    );
  });

  test("has /run, /tmp and volumes in memory, and files of /etc by bind mounts", async () => {
    await using scratch = await scratchDirectory();
    const script = `
      echo "run $(stat -c '%a %u' /run) $(stat -c %a /run/app/below) tmp $(stat -c %a /tmp)"
      for file in /kept /run/app/file /tmp/file /volume/file; do
        (echo text > $file) 2>/dev/null && echo "written $file"
      done
      echo "id $(wc -c < /etc/machine-id)"; cat /etc/resolv.conf`;
    const conf = `${shellConf(script)}\ntmpfs /volume 700 1m\nmachine-id\nresolv-conf nameserver\\x20192.0.2.7\\x0a`;
    const directories = ["dev", "proc", "sys", "tmp", "volume", "run/app/below"];
    const files = { ...BUSYBOX, "etc/machine-id": "", "etc/resolv.conf": "old\n" };
    const tree = join(scratch.path, "tree");
    await writeTree(tree, { conf, files });
    await writeFiles(tree, Object.fromEntries(directories.map((path) => [path, { directory: true }])));
    const disk = await packDisk(tree);
    const console = await bootToEnd({
      disks: [{ path: disk, readOnly: true }],
      append: "root=/dev/nvme0n1 ro init=/init",
    });
    expect(console).not.toMatch(/bootlayer: (warning|failed)/);
    expect(console).toContain("\nrun 755 0 755 tmp 1777\n");
    expect(console.match(/^written .*/gm)).toEqual([
      "written /run/app/file",
      "written /tmp/file",
      "written /volume/file",
    ]);
    expect(console).toContain("\nid 33\nnameserver 192.0.2.7\nbootlayer: exit 0\n");
  });

  test("takes writes on a second disk, and both are clean after the power-off", async () => {
    await using scratch = await scratchDirectory();
    const overlay = await guestModules(...FURTHER_GUEST_MODULES.overlay);
    const script = "echo new > /etc/new; rm /etc/old; cat /etc/kept; ls /etc";
    const conf = `${overlay.conf}\n${shellConf(script)}\noverlay-device LABEL=upper auto`;
    const files = { ...BUSYBOX, ...overlay.files, "etc/old": "", "etc/kept": "below\n" };
    const root = await packDisk(await writeTree(join(scratch.path, "root"), { conf, files }));
    const upper = await packDisk(await writeFiles(join(scratch.path, "upper"), {}), { label: "upper" });
    const disks = [root, upper].map((path) => ({ path, keepWrites: true }));
    const console = await bootToEnd({ disks, append: "root=/dev/nvme0n1 rw init=/init" });
    expect(console).not.toMatch(/bootlayer: (warning|failed)/);
    expect(console).toContain("\nbelow\nbootlayer\nkept\nnew\nbootlayer: exit 0\n");
    await expectClean(root);
    await expectClean(upper);
    expect(await debugfs(upper, "cat /upper/etc/new")).toBe("new\n");
    expect(await debugfs(root, "cat /etc/old")).toBe("");
    expect(await debugfs(root, "ls /etc")).not.toContain("new");
  });
});

describe.skipIf(judge.skip)(`an initrd${judge.reason}`, boots, () => {
  test("goes on in the disk of a UUID, mounts one by its label, and leaves both clean", async () => {
    await using scratch = await scratchDirectory();
    const script = `
      echo "root $(cat /where) and $(cat /data/where)"
      echo "inits $(ls /init /etc/bootlayer 2>/dev/null | wc -l)"
      echo written > /file; echo written > /data/file
      grep -E ' (/|/data|/dev|/proc|/sys) ' /proc/mounts | cut -d ' ' -f 1-3`;
    const conf = `${shellConf(script)}\nroot UUID=${uuid} auto noatime\nmount LABEL=data /data auto nosuid`;
    const initrd = await packInitrd(await writeTree(join(scratch.path, "initrd"), { conf }));
    const rootTree = await writeFiles(join(scratch.path, "root"), { ...BUSYBOX, where: "the root" });
    const dataTree = await writeFiles(join(scratch.path, "data"), { where: "the data" });
    const data = await packDisk(dataTree, { label: "data" });
    const root = await packDisk(rootTree, { uuid });
    const disks = [data, root].map((path) => ({ path, keepWrites: true }));
    const console = await bootToEnd({ initrd, disks });
    expect(console).not.toMatch(/bootlayer: (warning|failed)/);
    expect(console).toContain("\nroot the root and the data\ninits 0\n");
    expect(console.match(/^\S+ (\/|\/data|\/dev|\/proc|\/sys) \S+$/gm)?.toSorted()).toEqual([
      "/dev/nvme0n1 /data ext4",
      "/dev/nvme0n2 / ext4",
      "devtmpfs /dev devtmpfs",
      "proc /proc proc",
      "sysfs /sys sysfs",
    ]);
    await expectClean(root);
    await expectClean(data);
    expect(await debugfs(root, "cat /file")).toBe("written\n");
    expect(await debugfs(data, "cat /file")).toBe("written\n");
  });

  test("goes on in the first disk with a squashfs, behind a module, with a layer in memory over it", async () => {
    await using scratch = await scratchDirectory();
    const { virtioBlk, squashfs, overlay } = FURTHER_GUEST_MODULES;
    const modules = await guestModules(...GUEST_MODULES, ...virtioBlk, ...squashfs, ...overlay);
    const script = "echo new > /new; cat /where /new; df -k / | tail -n 1 | awk '{ print $2 }'";
    const conf = `${modules.conf}\n${shellConf(script)}\nroot TYPE=squashfs auto ro\noverlay tmpfs 8m`;
    const tree = await writeTree(join(scratch.path, "initrd"), { conf, files: modules.files });
    const root = await writeFiles(join(scratch.path, "root"), { ...BUSYBOX, where: "below\n" });
    const other = await writeFiles(join(scratch.path, "other"), { ...BUSYBOX, where: "another disk\n" });
    for (const directory of [root, other])
      await run("mksquashfs", [directory, `${directory}.squashfs`, "-quiet", "-no-progress", "-comp", "xz"]);
    const console = await bootToEnd({
      initrd: await packInitrd(tree),
      disks: [root, other].map((directory) => ({
        path: `${directory}.squashfs`,
        bus: "virtio-blk",
        readOnly: true,
      })),
    });
    expect(console).not.toMatch(/bootlayer: (warning|failed)/);
    expect(console).toContain("\nbelow\nnew\n8192\nbootlayer: exit 0\n");
  });

  test("without a file system to go on in says so and ends", async () => {
    await using scratch = await scratchDirectory();
    const empty = join(scratch.path, "empty");
    await run("truncate", ["-s", "1M", empty]);
    const guest = { conf: "argv /bin/sh\nroot /dev/nvme0n1 auto rw\non-exit reboot" };
    const console = await bootTree(guest, { disks: [{ path: empty }] });
    expect(console).toContain(
      "bootlayer: failed the root device /dev/nvme0n1 has no file system that is known\nbootlayer: exit 127\n",
    );
    expect(console).toContain("reboot: Restarting system");
  });
});
