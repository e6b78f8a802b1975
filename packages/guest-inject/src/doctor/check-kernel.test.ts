import { describe, expect, test } from "vitest";
import { doctorImage, elf, type FixtureEntry } from "../../integration/doctor-fixtures.ts";
import { parseGuestConfig, type GuestConfigInput } from "../guest-config.ts";
import { diagnose } from "./diagnose.ts";
import type { DiagnoseOptions } from "./doctor-image.ts";
import type { Finding } from "./finding.ts";
import { parseKernelConfig } from "./kernel-config.ts";
import { kernelSymbol, type KernelFacts } from "./kernel-facts.ts";

/** All that a guest may ask for, built in. */
const complete =
  "X86_64 IA32_EMULATION PCI EXT4_FS EXT4_FS_SECURITY EXT4_FS_POSIX_ACL SQUASHFS SQUASHFS_ZSTD SQUASHFS_XATTR OVERLAY_FS " +
  "VIRTIO_BLK VIRTIO_PCI VIRTIO_MMIO VIRTIO_NET VIRTIO_CONSOLE BLK_DEV_NVME BLK_DEV_INITRD DEVTMPFS PROC_FS SYSFS TMPFS " +
  "BINFMT_ELF BINFMT_SCRIPT SERIAL_8250_CONSOLE UNIX98_PTYS CGROUPS INET IP_PNP IP_PNP_DHCP VSOCKETS VIRTIO_VSOCKETS " +
  "INOTIFY_USER SIGNALFD TIMERFD EPOLL UNIX FHANDLE";

/** That kernel with some symbols otherwise; `n` is absent. */
function kernel(changes: Readonly<Record<string, "y" | "m" | "n">> = {}): KernelFacts {
  const symbols = Object.fromEntries(complete.split(" ").map((name) => [name, "y"]));
  const lines = Object.entries({ ...symbols, ...changes }).map(([name, value]) =>
    value === "n" ? `# CONFIG_${name} is not set` : `CONFIG_${name}=${value}`,
  );
  const config = parseKernelConfig(lines.join("\n"));
  return {
    path: "/boot/config",
    kind: "config",
    version: "6.1.0",
    architecture: config?.architecture,
    config: config?.symbols,
    findings: [],
  };
}

interface Case extends Omit<Partial<DiagnoseOptions>, "guest"> {
  readonly guest?: GuestConfigInput;
  readonly entries?: Readonly<Record<string, FixtureEntry>>;
  readonly architecture?: string;
}

async function kernelFindings(facts: KernelFacts, options: Case = {}): Promise<readonly Finding[]> {
  const { entries = {}, architecture, guest, ...rest } = options;
  const image = doctorImage({ "/app": elf(), ...entries }, { Cmd: ["/app"] }, architecture);
  const findings = await diagnose(image, {
    format: "ext4",
    ...rest,
    kernel: facts,
    guest: guest && parseGuestConfig(guest, "test"),
  });
  return findings.filter(({ code }) => code.startsWith("kernel-"));
}

/** `severity code subject` of what is not in order. */
async function faults(facts: KernelFacts, options: Case = {}): Promise<string[]> {
  return (await kernelFindings(facts, options))
    .filter(({ severity }) => severity !== "ok")
    .map(({ severity, code, subject }) => `${severity} ${code} ${subject}`);
}

test("a kernel with everything built in is sound for every machine, format and guest", async () => {
  const guest: GuestConfigInput = {
    network: { mode: "kernel" },
    agent: { vsock: 1024, serial: "agent" },
    overlay: { kind: "tmpfs" },
    process: { terminal: true },
  };
  for (const machine of [undefined, "firecracker", "cloud-hypervisor", "qemu", "libkrun"] as const)
    for (const format of ["ext4", "squashfs"] as const)
      expect(await faults(kernel(), { machine, format, guest, initrd: true })).toEqual([]);
});

test("nothing is said of a kernel that was not given, and little of one without configuration", async () => {
  const image = doctorImage({ "/app": elf() }, { Cmd: ["/app"] });
  const without = await diagnose(image, { format: "ext4" });
  expect(without.some(({ code }) => code.startsWith("kernel"))).toBe(false);
  const unknown: KernelFacts = { ...kernel(), config: undefined };
  expect((await kernelFindings(unknown)).map(({ code }) => code)).toEqual(["kernel-architecture"]);
  expect(kernelSymbol(unknown, "EXT4_FS")).toBe("unknown");
});

test("a kernel of another architecture is an error; one that also runs 32-bit programs is not", async () => {
  expect(await faults(kernel(), { architecture: "arm64" })).toContain(
    "error kernel-architecture /boot/config",
  );
  expect(await faults(kernel(), { architecture: "386" })).toEqual([]);
  expect(await faults(kernel({ IA32_EMULATION: "n" }), { architecture: "386" })).toContain(
    "error kernel-architecture /boot/config",
  );
});

test("a bzImage is not for every Firecracker", async () => {
  const packed = { ...kernel(), path: "/boot/vmlinuz", kind: "bzImage" } as const;
  expect(await faults(packed, { machine: "firecracker" })).toEqual(["warning kernel-format /boot/vmlinuz"]);
  expect(await faults(packed, { machine: "cloud-hypervisor" })).toEqual([]);
  expect(await faults({ ...packed, kind: "elf" }, { machine: "firecracker" })).toEqual([]);
});

test("a 32-bit program needs a kernel that runs them", async () => {
  const image = doctorImage({ "/app": elf({ machine: 3, bits: 32 }) }, { Cmd: ["/app"] });
  const codes = async (facts: KernelFacts) =>
    (await diagnose(image, { format: "ext4", kernel: facts })).map(({ code }) => code);
  expect(await codes(kernel())).not.toContain("program-architecture");
  expect(await codes(kernel({ IA32_EMULATION: "n" }))).toContain("program-architecture");
});

describe("what the root needs", () => {
  test.for<[string, Record<string, "m" | "n">, Case, string]>([
    ["no ext4", { EXT4_FS: "n" }, {}, "error kernel-absent CONFIG_EXT4_FS"],
    ["ext4 as a module", { EXT4_FS: "m" }, {}, "error kernel-module CONFIG_EXT4_FS"],
    [
      "no squashfs with that compressor",
      { SQUASHFS_ZSTD: "n" },
      { format: "squashfs" },
      "error kernel-absent CONFIG_SQUASHFS, CONFIG_SQUASHFS_ZSTD",
    ],
    [
      "another compressor",
      {},
      { format: "squashfs", squashfsCompression: "xz" },
      "error kernel-absent CONFIG_SQUASHFS, CONFIG_SQUASHFS_XZ, CONFIG_XZ_DEC_X86",
    ],
    [
      "no squashfs for one that is not compressed",
      { SQUASHFS: "n" },
      { format: "squashfs", squashfsCompression: "none" },
      "error kernel-absent CONFIG_SQUASHFS",
    ],
    [
      "no virtio by MMIO under Firecracker",
      { VIRTIO_MMIO: "n" },
      { machine: "firecracker" },
      "error kernel-absent CONFIG_VIRTIO_BLK, CONFIG_VIRTIO_MMIO",
    ],
    [
      "virtio as modules under Cloud Hypervisor",
      { VIRTIO_BLK: "m", VIRTIO_PCI: "m" },
      { machine: "cloud-hypervisor" },
      "error kernel-module CONFIG_VIRTIO_BLK, CONFIG_VIRTIO_PCI",
    ],
    ["no initrd", { BLK_DEV_INITRD: "n" }, { initrd: true }, "error kernel-absent CONFIG_BLK_DEV_INITRD"],
    ["no devtmpfs", { DEVTMPFS: "n" }, {}, "error kernel-absent CONFIG_DEVTMPFS"],
  ])("%s: the guest does not boot", async ([, changes, options, fault]) => {
    expect(await faults(kernel(changes), options)).toEqual([fault]);
  });

  test("any one way to a disk will do where the machine is open, and NVMe under QEMU", async () => {
    const nvmeOnly = kernel({ VIRTIO_BLK: "m", VIRTIO_PCI: "m", VIRTIO_MMIO: "m" });
    expect(await faults(nvmeOnly)).toEqual([]);
    expect(await faults(nvmeOnly, { machine: "qemu" })).toEqual([]);
    expect(await faults(nvmeOnly, { machine: "firecracker" })).toHaveLength(1);
  });

  test("modules will do from an initrd that has them", async () => {
    const facts = kernel({ EXT4_FS: "m" });
    const guest: GuestConfigInput = { modules: { directory: "/lib/modules/6.1.0", load: ["ext4"] } };
    expect(await faults(facts, { initrd: true, guest })).toEqual([]);
    expect(await faults(facts, { initrd: true })).toEqual(["error kernel-module CONFIG_EXT4_FS"]);
    expect(await faults(facts, { guest })).toEqual(["error kernel-module CONFIG_EXT4_FS"]);
  });

  test("xattrs count where the tree has some", async () => {
    const facts = kernel({ EXT4_FS_SECURITY: "n", EXT4_FS_POSIX_ACL: "n" });
    const ping = { content: elf(), xattrs: ["security.capability"] };
    const file = { content: "x", xattrs: ["system.posix_acl_access"] };
    expect(await faults(facts)).toEqual([]);
    expect(await faults(facts, { entries: { "/bin/ping": ping, "/srv/a": file } })).toEqual([
      "warning kernel-absent CONFIG_EXT4_FS_SECURITY",
      "warning kernel-absent CONFIG_EXT4_FS_POSIX_ACL",
    ]);
  });
});

describe("what the guest asks for", () => {
  test.for<[string, Record<string, "m" | "n">, Case, string]>([
    ["ip=", { IP_PNP: "n" }, { guest: { network: { mode: "kernel" } } }, "error kernel-absent CONFIG_IP_PNP"],
    [
      "DHCP",
      { VIRTIO_NET: "n" },
      { guest: { network: { mode: "dhcp" } } },
      "error kernel-absent CONFIG_INET, CONFIG_VIRTIO_NET",
    ],
    ["no more of a network", { VIRTIO_NET: "n" }, {}, "note kernel-absent CONFIG_INET, CONFIG_VIRTIO_NET"],
    [
      "vsock",
      { VIRTIO_VSOCKETS: "m" },
      { guest: { agent: { vsock: 1024 } } },
      "error kernel-module CONFIG_VSOCKETS, CONFIG_VIRTIO_VSOCKETS",
    ],
    [
      "a virtio-serial port",
      { VIRTIO_CONSOLE: "n" },
      { guest: { agent: { serial: "agent" } } },
      "error kernel-absent CONFIG_VIRTIO_CONSOLE",
    ],
    [
      "an overlay",
      { OVERLAY_FS: "n" },
      { guest: { overlay: { kind: "tmpfs" } } },
      "error kernel-absent CONFIG_OVERLAY_FS",
    ],
    ["squashfs alone", { OVERLAY_FS: "n" }, { format: "squashfs" }, "note kernel-absent CONFIG_OVERLAY_FS"],
    [
      "a terminal",
      { UNIX98_PTYS: "n" },
      { guest: { process: { terminal: true } } },
      "error kernel-absent CONFIG_UNIX98_PTYS",
    ],
    [
      "a script",
      { BINFMT_SCRIPT: "n" },
      { entries: { "/app": "#!/bin/sh\n", "/bin/sh": elf() } },
      "error kernel-absent CONFIG_BINFMT_SCRIPT",
    ],
    [
      "a console",
      { SERIAL_8250_CONSOLE: "n" },
      { machine: "qemu" },
      "warning kernel-absent CONFIG_SERIAL_8250_CONSOLE",
    ],
  ])("%s is held against the kernel", async ([, changes, options, fault]) => {
    expect(await faults(kernel(changes), options)).toEqual([fault]);
  });

  test("no network asks for none", async () => {
    expect(await faults(kernel({ VIRTIO_NET: "n" }), { guest: { network: { mode: "none" } } })).toEqual([]);
  });

  test("modules that are put in will do for what comes after the root, by either spelling", async () => {
    const guest: GuestConfigInput = {
      network: { mode: "dhcp" },
      modules: { directory: "/lib/modules/6.1.0", load: ["virtio-net"] },
    };
    expect(await faults(kernel({ VIRTIO_NET: "m" }), { guest })).toEqual([]);
  });

  test("systemd needs what its own documentation asks for", async () => {
    const entries = { "/usr/lib/systemd/systemd": elf() };
    const guest: GuestConfigInput = { init: "systemd" };
    const [fault] = await faults(kernel({ FHANDLE: "n" }), { entries, guest });
    expect(fault).toContain("error kernel-absent");
    expect(await faults(kernel({ FHANDLE: "n" }))).toEqual([]);
  });
});
