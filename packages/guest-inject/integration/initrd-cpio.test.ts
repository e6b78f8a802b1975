import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  bootGuest,
  cloudKernel,
  judgePath,
  listTree,
  requireCloudKernel,
  requireJudge,
} from "@bootlayer/test-fixtures";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GuestPlan } from "../src/guest-plan.ts";
import { guestInitrd, type InitrdOptions } from "../src/initrd.ts";
import { entryAt, planOf } from "./plan-fixtures.ts";

const mtime = { seconds: 1_700_000_000, nanoseconds: 0 };
const uuid = "0d5f6f3e-6c1b-4f6c-8f0e-5a7c2c9d1b42";
const label = "a root";

const kernel = await requireCloudKernel();

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "bootlayer-initrd-cpio-"));
});
afterAll(async () => {
  await rm(scratch, { recursive: true });
});

/** An image that says what it finds, for a kernel that needs modules to see its disk. */
async function virtioPlan(): Promise<GuestPlan> {
  const { modules } = await cloudKernel();
  const script = String.raw`
    grep ' / ' /proc/mounts
    echo "name $(hostname) $0 $1 $SAID $(id -u):$(id -g)"
    echo "root:" $(ls -A /)
    echo "modules:" $(cut -d' ' -f1 /proc/modules | sort)
    exit 3`;
  return await planOf({
    files: { "/bin/busybox": "elf", "/etc/passwd": "app:x:1000:1001::/:\n" },
    image: {
      Entrypoint: ["/bin/busybox", "sh", "-c", script],
      Cmd: ["zero", "o n e"],
      Env: ["SAID=\u00e4 b", "PATH=/bin"],
      User: "app",
    },
    guest: { hostname: "box", modules: { directory: modules, load: ["virtio_pci", "virtio_blk"] } },
    as: "initrd",
  });
}

async function writeInitrd(plan: GuestPlan, options: Partial<InitrdOptions>): Promise<string> {
  const path = await mkdtemp(join(scratch, "initrd-"));
  const root = { device: "/dev/vda", type: "ext4", options: "rw" } as const;
  await writeFile(join(path, "initrd"), guestInitrd(plan, { root, mtime, ...options }));
  return join(path, "initrd");
}

const cpio = requireJudge("cpio", "python3", "root");
const unpacked = cpio.skip ? cpio : kernel;
describe.skipIf(unpacked.skip)(`an initrd, as cpio(1) reads it${unpacked.reason}`, () => {
  test("has init, its configuration, the modules and a console, all of root's", async () => {
    const plan = await virtioPlan();
    const archive = await writeInitrd(plan, {});
    const out = await mkdtemp(join(scratch, "cpio-"));
    const { stderr } = await execa(
      "cpio",
      ["--extract", "--make-directories", "--preserve-modification-time", "--quiet"],
      {
        cwd: out,
        input: await readFile(archive),
      },
    );
    expect(stderr).toBe("");
    const listing = await listTree(out);
    const modules = plan.entries.map(({ path }) => path).filter((path) => path.startsWith("lib/modules/"));
    expect(modules.length).toBeGreaterThan(2);
    const files = {
      init: 0o755,
      "etc/bootlayer/init.conf": 0o600,
      ...Object.fromEntries(modules.map((path) => [path, 0o644])),
    };
    for (const [path, mode] of Object.entries(files)) {
      const entry = entryAt(plan, path);
      const bytes =
        entry?.kind === "file" && entry.content.kind === "bytes" ? entry.content.bytes : undefined;
      expect(listing.get(`/${path}`)).toMatchObject({
        type: "file",
        mode,
        uid: 0,
        gid: 0,
        links: 1,
        mtime: 1_700_000_000_000_000_000n,
        ...(bytes && { sha256: createHash("sha256").update(bytes).digest("hex") }),
      });
    }
    expect(listing.get("/dev/console")).toMatchObject({
      type: "character-device",
      mode: 0o600,
      device: { major: 5, minor: 1 },
    });
    const isOther = (path: string): boolean => !(path.slice(1) in files) && path !== "/dev/console";
    const directories = [...listing].filter(([path]) => path !== "/" && isOther(path));
    expect(directories.map(([, { type, mode }]) => [type, mode])).toEqual(
      directories.map(() => ["directory", 0o755]),
    );
    expect(await readFile(join(out, "etc/bootlayer/init.conf"), "latin1")).toContain(
      "\nroot /dev/vda ext4 rw\n",
    );
  });
});

const machine = requireJudge("mke2fs", "busybox");
const booted = machine.skip ? machine : kernel;
describe.skipIf(booted.skip)(
  `a kernel that needs the initrd's modules to see its disk${booted.reason}`,
  () => {
    let disk: string;
    let plan: GuestPlan;
    beforeAll(async () => {
      const tree = join(scratch, "tree");
      for (const name of ["bin", "dev", "etc", "proc", "run", "sys", "tmp"])
        await mkdir(join(tree, name), { recursive: true });
      await writeFile(join(tree, "etc", "passwd"), "app:x:1000:1001::/:\n");
      // The init writes one over it in a root that can only be read, but cannot make it there.
      await writeFile(join(tree, "etc", "machine-id"), "");
      await copyFile("/bin/busybox", join(tree, "bin", "busybox"));
      await chmod(join(tree, "bin", "busybox"), 0o755);
      for (const name of ["sh", "grep", "hostname", "id", "ls", "cut", "sort"])
        await execa("ln", ["-s", "busybox", join(tree, "bin", name)]);
      disk = join(scratch, "disk.ext4");
      const options = ["-q", "-t", "ext4", "-L", label, "-U", uuid, "-E", "root_owner=0:0", "-d", tree];
      await execa("mke2fs", [...options, disk, "32M"], { env: { PATH: judgePath() } });
      plan = await virtioPlan();
    });

    test.for<[string, Partial<InitrdOptions>]>([
      ["/dev/vda", {}],
      [`UUID=${uuid}`, { compression: "gzip" }],
      [`LABEL=${label}`, { root: { device: "", type: "auto", options: "ro" } }],
    ])("goes on in the root at %s", { timeout: 120_000 }, async ([device, options]) => {
      const root = { type: "ext4", options: "rw", ...options.root, device } as const;
      const initrd = await writeInitrd(plan, { ...options, root });
      await using guest = await bootGuest({
        kernel: kernel.kernel,
        initrd,
        disks: [{ path: disk, bus: "virtio-blk" }],
        append: "quiet",
        memoryMebibytes: 256,
      });
      const console = (await guest.end()).replaceAll("\r", "");
      expect(console).toMatch(new RegExp(`^/dev/vda / ext4 ${root.options}`, "m"));
      expect(console).toContain("\nname box zero o n e \u00e4 b 1000:1001\n");
      // Nothing of the initrd is left, and the image is as it was.
      expect(console).toMatch(/^root: bin dev etc lost\+found proc run sys tmp$/m);
      expect(console).toMatch(/^modules: .*\bvirtio_blk\b.*\bvirtio_pci\b/m);
      expect(console).toContain("\nbootlayer: exit 3\n");
      expect(console).not.toMatch(/bootlayer: (failed|warning)/);
    });
  },
);
