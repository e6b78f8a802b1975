import { access, copyFile, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { cloudKernel, requireCloudKernel, requireJudge, type CloudKernel } from "@bootlayer/test-fixtures";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { diagnose } from "../src/doctor/diagnose.ts";
import type { DiagnoseOptions } from "../src/doctor/doctor-image.ts";
import { kernelSymbol, type KernelFacts } from "../src/doctor/kernel-facts.ts";
import { readKernel } from "../src/doctor/read-kernel.ts";
import { parseGuestConfig, type GuestConfigInput } from "../src/guest-config.ts";
import { prepareGuest } from "../src/prepare-guest.ts";
import { doctorImage, elf } from "./doctor-fixtures.ts";
import { scratchDirectory } from "./init-guest.ts";

const tools = requireJudge("file", "grep");
const cloud = await requireCloudKernel();
const judge = tools.skip ? tools : cloud;

describe.skipIf(judge.skip)(`Debian's cloud kernel${judge.reason}`, () => {
  let package_: CloudKernel;
  let config: string;
  let facts: KernelFacts;
  beforeAll(async () => {
    package_ = await cloudKernel();
    config = join(dirname(package_.kernel), `config-${package_.version}`);
    facts = await readKernel(package_.kernel);
  });

  test("is told by its image as file(1) tells it", async () => {
    const { stdout } = await execa("file", ["--brief", package_.kernel]);
    expect(stdout).toContain(`Linux kernel x86 boot executable bzImage, version ${facts.version} `);
    expect(facts).toMatchObject({ kind: "bzImage", architecture: "amd64", version: package_.version });
  });

  test("has the symbols of the configuration beside it, line by line", async () => {
    const { stdout } = await execa("grep", ["^CONFIG_", config]);
    const lines = [...(facts.config ?? [])].map(([name, value]) => `CONFIG_${name}=${value}`);
    expect(lines).toEqual(stdout.split("\n"));
    expect(facts.findings).toEqual([]);
  });

  test("is the same by its configuration alone", async () => {
    const byConfig = await readKernel(config);
    expect(byConfig).toMatchObject({ kind: "config", architecture: "amd64" });
    expect(byConfig.config).toEqual(facts.config);
  });

  test("without that file still tells what it is, and what is missing to know more", async () => {
    await using scratch = await scratchDirectory();
    const alone = join(scratch.path, basename(package_.kernel));
    await copyFile(package_.kernel, alone);
    const bare = await readKernel(alone);
    expect(bare).toMatchObject({
      kind: "bzImage",
      architecture: "amd64",
      version: package_.version,
      config: undefined,
    });
    expect(bare.findings).toMatchObject([
      { severity: "note", remedy: expect.stringContaining("/boot/config-VERSION") as string },
    ]);
    expect(kernelSymbol(bare, "EXT4_FS")).toBe("unknown");
  });

  /** What the doctor takes a symbol for, held against what the package holds. */
  test.for([
    ["EXT4_FS", "fs/ext4/ext4.ko"],
    ["BLK_DEV_NVME", "drivers/nvme/host/nvme.ko"],
    ["SQUASHFS", "fs/squashfs/squashfs.ko"],
    ["OVERLAY_FS", "fs/overlayfs/overlay.ko"],
    ["VIRTIO_BLK", "drivers/block/virtio_blk.ko"],
    ["VIRTIO_PCI", "drivers/virtio/virtio_pci.ko"],
    ["VIRTIO_NET", "drivers/net/virtio_net.ko"],
    ["VIRTIO_CONSOLE", "drivers/char/virtio_console.ko"],
    ["VSOCKETS", "net/vmw_vsock/vsock.ko"],
    ["VIRTIO_VSOCKETS", "net/vmw_vsock/vmw_vsock_virtio_transport.ko"],
    ["BINFMT_SCRIPT", "fs/binfmt_script.ko"],
  ] as const)("%s is built in or a module as the package has it", async ([symbol, path]) => {
    const builtIn = await readFile(join(package_.modules, "modules.builtin"), "utf8");
    const isFile = await access(join(package_.modules, "kernel", path)).then(
      () => true,
      () => false,
    );
    const packaged = isFile ? "m" : builtIn.split("\n").includes(`kernel/${path}`) ? "y" : "absent";
    expect(kernelSymbol(facts, symbol)).toBe(packaged);
  });

  /** `severity code subject` of what is not in order with a static program. */
  async function faults(
    options: Omit<DiagnoseOptions, "guest" | "kernel">,
    guest: GuestConfigInput = {},
  ): Promise<string[]> {
    const image = doctorImage({ "/app": elf() }, { Cmd: ["/app"] });
    const findings = await diagnose(image, {
      ...options,
      kernel: facts,
      guest: parseGuestConfig(guest, "test"),
    });
    return findings
      .filter(({ code, severity }) => code.startsWith("kernel-") && severity !== "ok")
      .map(({ severity, code, subject }) => `${severity} ${code} ${subject}`);
  }
  const offline: GuestConfigInput = { network: { mode: "none" } };
  const modulesOf = (...load: string[]): GuestConfigInput => ({
    ...offline,
    modules: { directory: package_.modules, load },
  });

  test("boots an ext4 disk on NVMe as it is", async () => {
    expect(await faults({ format: "ext4", machine: "qemu" }, offline)).toEqual([]);
  });

  test("boots a squashfs disk only from an initrd with the module", async () => {
    const lacking = "error kernel-module CONFIG_SQUASHFS, CONFIG_SQUASHFS_ZSTD";
    const overlay = "note kernel-module CONFIG_OVERLAY_FS";
    const squashfs = { format: "squashfs", machine: "qemu" } as const;
    expect(await faults(squashfs, offline)).toEqual([lacking, overlay]);
    expect(await faults(squashfs, modulesOf("squashfs", "overlay"))).toEqual([lacking]);
    expect(await faults({ ...squashfs, initrd: true }, offline)).toEqual([lacking, overlay]);
    expect(await faults({ ...squashfs, initrd: true }, modulesOf("squashfs", "overlay"))).toEqual([]);
  });

  test("reaches virtio disks only from an initrd with the modules", async () => {
    const cloudHypervisor = { format: "ext4", machine: "cloud-hypervisor" } as const;
    const lacking = "error kernel-module CONFIG_VIRTIO_BLK, CONFIG_VIRTIO_PCI";
    expect(await faults(cloudHypervisor, offline)).toEqual([lacking]);
    expect(await faults({ ...cloudHypervisor, initrd: true }, modulesOf("virtio_blk", "virtio-pci"))).toEqual(
      [],
    );
    expect(await faults({ format: "ext4", machine: "firecracker" }, offline)).toEqual([
      expect.stringContaining("warning kernel-format"),
      "error kernel-module CONFIG_VIRTIO_BLK, CONFIG_VIRTIO_MMIO",
    ]);
  });

  test("has vsock and the network once their modules are put in, and no ip=", async () => {
    const qemu = { format: "ext4", machine: "qemu" } as const;
    const vsock: GuestConfigInput = { agent: { vsock: 1024 }, network: { mode: "dhcp" } };
    expect(await faults(qemu, vsock)).toEqual([
      "error kernel-module CONFIG_INET, CONFIG_VIRTIO_NET",
      "error kernel-module CONFIG_VSOCKETS, CONFIG_VIRTIO_VSOCKETS",
    ]);
    const load = ["virtio_net", "vmw_vsock_virtio_transport"];
    const withModules: GuestConfigInput = { ...vsock, modules: { directory: package_.modules, load } };
    expect(await faults(qemu, withModules)).toEqual([
      "error kernel-module CONFIG_VSOCKETS, CONFIG_VIRTIO_VSOCKETS",
    ]);
    const platform = { os: "linux", architecture: "amd64" };
    // What is prepared has vsock too, which the transport needs.
    const prepared = await prepareGuest(parseGuestConfig(withModules, "test"), { platform });
    expect(await faults({ ...qemu, prepared }, withModules)).toEqual([]);
    expect(await faults(qemu, { network: { mode: "kernel" } })).toEqual([
      "error kernel-module CONFIG_INET, CONFIG_VIRTIO_NET",
      "error kernel-absent CONFIG_IP_PNP",
      "note kernel-absent CONFIG_IP_PNP_DHCP",
    ]);
  });
});
