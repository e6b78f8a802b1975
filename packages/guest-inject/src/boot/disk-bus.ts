import { kernelSymbol, type KernelFacts } from "../doctor/kernel-facts.ts";
import type { LaunchMachine } from "../launch/machine.ts";

/**
 * On which bus QEMU should attach a root disk: virtio-blk unless the kernel is known to reach only NVMe without modules, as Debian's
 * cloud kernel does. An initrd may or may not hold modules; what is built in works with each.
 */
export function qemuDiskBus(kernel: KernelFacts | undefined): "virtio-blk" | "nvme" {
  if (kernel === undefined) return "virtio-blk";
  const builtIn = (...symbols: string[]): boolean =>
    symbols.every((symbol) => kernelSymbol(kernel, symbol) === "y");
  return !builtIn("VIRTIO_BLK", "VIRTIO_PCI") && builtIn("BLK_DEV_NVME", "PCI") ? "nvme" : "virtio-blk";
}

/** The machine with a bus for every disk. */
export function withDiskBus(machine: LaunchMachine, kernel: KernelFacts | undefined): LaunchMachine {
  const bus = qemuDiskBus(kernel);
  return { ...machine, disks: machine.disks.map((disk) => ({ ...disk, bus: disk.bus ?? bus })) };
}
