import { describe, expect, test } from "vitest";
import { launchFile } from "./launch-file.ts";
import type { LaunchFormat, LaunchMachine } from "./machine.ts";

const machine: LaunchMachine = {
  architecture: "amd64",
  kernel: "/boot/vmlinux",
  kernelArguments: ["init=/usr/lib/bootlayer/init"],
  disks: [{ path: "disk.ext4", readOnly: false }],
  memoryMiB: 512,
  cpus: 2,
};
const formats: readonly LaunchFormat[] = ["firecracker", "cloud-hypervisor", "qemu", "libkrun"];
const tap = { kind: "tap", device: "tap0", mac: "06:00:c0:a8:00:02" } as const;
const vsock = { kind: "vsock", cid: 3, port: 1024, socket: "/run/v.sock" } as const;

test("Firecracker's configuration has the names of its API", () => {
  const full = {
    ...machine,
    disks: [...machine.disks, { path: "data.img", readOnly: true }],
    network: tap,
    agent: vsock,
  };
  const file = launchFile("firecracker", full);
  expect(JSON.parse(file.text)).toEqual({
    "boot-source": {
      kernel_image_path: "/boot/vmlinux",
      boot_args: "console=ttyS0 reboot=k panic=1 pci=off bootlayer.exit=reboot init=/usr/lib/bootlayer/init",
    },
    drives: [
      { drive_id: "disk0", path_on_host: "disk.ext4", is_root_device: true, is_read_only: false },
      { drive_id: "disk1", path_on_host: "data.img", is_root_device: false, is_read_only: true },
    ],
    "machine-config": { vcpu_count: 2, mem_size_mib: 512 },
    "network-interfaces": [{ iface_id: "eth0", host_dev_name: "tap0", guest_mac: "06:00:c0:a8:00:02" }],
    vsock: { guest_cid: 3, uds_path: "/run/v.sock" },
  });
  expect(file).toMatchObject({ name: "firecracker.json", executable: false });
});

test("with an initrd Firecracker has no root device", () => {
  const { text } = launchFile("firecracker", { ...machine, initrd: "initrd.cpio" });
  expect(JSON.parse(text)).toMatchObject({
    "boot-source": { initrd_path: "initrd.cpio" },
    drives: [{ is_root_device: false }],
  });
});

test("Cloud Hypervisor's options say what the disk is, and quote its path", () => {
  const { text } = launchFile("cloud-hypervisor", {
    ...machine,
    disks: [
      { path: 'my "disk", 1.ext4', readOnly: true },
      { path: "b.img", readOnly: false },
    ],
    network: tap,
    agent: vsock,
  });
  expect(text).toBe(`#!/bin/sh
exec cloud-hypervisor \\
  --kernel /boot/vmlinux \\
  --cmdline 'console=ttyS0 root=/dev/vda ro init=/usr/lib/bootlayer/init' \\
  --disk 'path="my ""disk"", 1.ext4",image_type=raw,readonly=on' path=b.img,image_type=raw \\
  --cpus boot=2 \\
  --memory size=512M \\
  --serial tty \\
  --console off \\
  --net tap=tap0,mac=06:00:c0:a8:00:02 \\
  --vsock cid=3,socket=/run/v.sock
`);
});

test("arm64's console is another one where the machine has a PL011", () => {
  const arm: LaunchMachine = { ...machine, architecture: "arm64" };
  expect(launchFile("cloud-hypervisor", arm).text).toContain("console=ttyAMA0");
  expect(launchFile("qemu", arm).text).toContain("console=ttyAMA0");
  expect(launchFile("firecracker", arm).text).toContain("console=ttyS0");
});

test("with an initrd nobody is told of a root", () => {
  for (const format of formats)
    expect(launchFile(format, { ...machine, initrd: "initrd.cpio" }).text).not.toContain("root=");
});

function qemuText(changes: Partial<LaunchMachine>): string {
  return launchFile("qemu", { ...machine, ...changes }).text;
}

describe("QEMU's options", () => {
  test("double the commas of paths", () => {
    expect(qemuText({ disks: [{ path: "a,b", readOnly: false }] })).toContain("format=raw,file=a,,b");
  });

  test("name the root by its bus", () => {
    const nvme = { path: "a", readOnly: false, bus: "nvme" } as const;
    const virtio = { path: "b", readOnly: true } as const;
    expect(qemuText({ disks: [nvme, nvme] })).toContain("root=/dev/nvme0n1 rw");
    expect(qemuText({ disks: [nvme, nvme] })).toContain("nsid=2");
    expect(qemuText({ disks: [virtio, nvme] })).toContain("root=/dev/vda ro");
    expect(qemuText({ disks: [] })).not.toContain("root=");
  });

  test("forward ports from the loopback unless told otherwise", () => {
    const forwards = [
      { hostPort: 8080, guestPort: 80 },
      { hostAddress: "0.0.0.0", hostPort: 53, guestPort: 53, protocol: "udp" },
    ] as const;
    expect(qemuText({ network: { kind: "user", forwards } })).toContain(
      "user,id=net,hostfwd=tcp:127.0.0.1:8080-:80,hostfwd=udp:0.0.0.0:53-:53",
    );
  });
});

describe("what is out of range is GUEST_LAUNCH", () => {
  test.for<[string, Readonly<Record<string, unknown>>]>([
    ["an architecture", { architecture: "s390x" }],
    ["an empty path", { kernel: "" }],
    ["a path with a line break", { initrd: "a\nb" }],
    ["no memory", { memoryMiB: 0 }],
    ["half a processor", { cpus: 0.5 }],
    ["an unknown member", { disk: "a" }],
    ["25 disks", { disks: Array.from({ length: 25 }, () => ({ path: "a", readOnly: false })) }],
    ["a port", { network: { kind: "user", forwards: [{ hostPort: 0, guestPort: 80 }] } }],
    [
      "an address with options in it",
      { network: { kind: "user", forwards: [{ hostAddress: "1.2.3.4,x=y", hostPort: 1, guestPort: 1 }] } },
    ],
    ["a network interface with options in it", { network: { kind: "tap", device: "a,script=/x" } }],
    ["a port's name with options in it", { agent: { kind: "serial", name: "a,b", socket: "s" } }],
    ["a reserved CID", { agent: { ...vsock, cid: 2 } }],
    ["a kernel argument with quotes", { kernelArguments: ['a="b"'] }],
  ])("%s", ([, changes]) => {
    const wrong: LaunchMachine = { ...machine, ...changes };
    for (const format of formats)
      expect(() => launchFile(format, wrong)).toThrow(expect.objectContaining({ code: "GUEST_LAUNCH" }));
  });

  test.for<[LaunchFormat, Partial<LaunchMachine>]>([
    ["firecracker", { network: { kind: "user", forwards: [] } }],
    ["firecracker", { disks: [{ path: "a", readOnly: false, bus: "nvme" }] }],
    ["firecracker", { cpus: 33 }],
    ["cloud-hypervisor", { agent: { kind: "serial", name: "agent", socket: "s" } }],
    ["libkrun", { network: tap }],
    ["libkrun", { network: { kind: "user", forwards: [] } }],
  ])("for %s: %j", ([format, changes]) => {
    expect(() => launchFile(format, { ...machine, ...changes })).toThrow(
      expect.objectContaining({ code: "GUEST_LAUNCH", message: expect.stringContaining(format) as string }),
    );
  });
});
