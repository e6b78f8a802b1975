import { expect, test } from "vitest";
import type { KernelFacts } from "../doctor/kernel-facts.ts";
import type { LaunchMachine } from "../launch/machine.ts";
import { qemuDiskBus, withDiskBus } from "./disk-bus.ts";

function kernel(symbols: Readonly<Record<string, string>> | undefined): KernelFacts {
  return {
    path: "kernel",
    kind: "config",
    version: undefined,
    architecture: "amd64",
    config: symbols && new Map(Object.entries(symbols)),
    findings: [],
  };
}

const cloud = kernel({ VIRTIO_BLK: "m", VIRTIO_PCI: "m", BLK_DEV_NVME: "y", PCI: "y" });

test("a kernel that reaches NVMe alone without modules gets NVMe", () => {
  expect(qemuDiskBus(cloud)).toBe("nvme");
  expect(qemuDiskBus(kernel({ VIRTIO_BLK: "y", VIRTIO_PCI: "y", BLK_DEV_NVME: "y", PCI: "y" }))).toBe(
    "virtio-blk",
  );
  expect(qemuDiskBus(kernel({ VIRTIO_BLK: "m", BLK_DEV_NVME: "m" }))).toBe("virtio-blk");
});

test("without knowing the kernel it is virtio-blk", () => {
  expect(qemuDiskBus(undefined)).toBe("virtio-blk");
  expect(qemuDiskBus(kernel(undefined))).toBe("virtio-blk");
});

test("a disk that names its bus keeps it", () => {
  const machine: LaunchMachine = {
    architecture: "amd64",
    kernel: "k",
    kernelArguments: [],
    disks: [
      { path: "a", readOnly: false },
      { path: "b", readOnly: false, bus: "virtio-blk" },
    ],
    memoryMiB: 64,
    cpus: 1,
  };
  expect(withDiskBus(machine, cloud).disks.map(({ bus }) => bus)).toEqual(["nvme", "virtio-blk"]);
});
