import { join } from "node:path";
import type { CloudKernel } from "./cloud-kernel.ts";

/**
 * Modules of Debian's cloud kernel that a guest of `bootGuest` needs for its network card and an agent's port, below the
 * kernel's module directory, each after those that it depends on. The serial console, NVMe, ext4, tmpfs, AF_PACKET and IPv6
 * are built in; so is no network card that QEMU has, and `ip=` is not supported.
 */
export const GUEST_MODULES: readonly string[] = [
  "kernel/drivers/virtio/virtio_ring.ko",
  "kernel/drivers/virtio/virtio.ko",
  "kernel/drivers/virtio/virtio_pci_legacy_dev.ko",
  "kernel/drivers/virtio/virtio_pci_modern_dev.ko",
  "kernel/drivers/virtio/virtio_pci.ko",
  "kernel/net/core/failover.ko",
  "kernel/drivers/net/net_failover.ko",
  "kernel/drivers/net/virtio_net.ko",
  "kernel/drivers/char/virtio_console.ko",
];

/** What else a test may want; to be loaded after `GUEST_MODULES`, in this order. */
export const FURTHER_GUEST_MODULES: Readonly<
  Record<"virtioBlk" | "squashfs" | "overlay" | "vsockLoopback", readonly string[]>
> = {
  virtioBlk: ["kernel/drivers/block/virtio_blk.ko"],
  squashfs: ["kernel/fs/squashfs/squashfs.ko"],
  overlay: ["kernel/fs/overlayfs/overlay.ko"],
  /** A guest that is its own host: what listens on a vsock port is reached at CID 1. */
  vsockLoopback: [
    "kernel/net/vmw_vsock/vsock.ko",
    "kernel/net/vmw_vsock/vmw_vsock_virtio_transport_common.ko",
    "kernel/net/vmw_vsock/vsock_loopback.ko",
  ],
};

/** Paths on the host of such modules. */
export function modulePaths(kernel: CloudKernel, modules: readonly string[]): string[] {
  return modules.map((module) => join(kernel.modules, module));
}
