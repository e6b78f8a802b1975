import type { DiagnoseOptions } from "./doctor-image.ts";
import type { Severity } from "./finding.ts";

/** Something that a kernel must have, for a reason. */
export interface KernelNeed {
  /** What it is for, to begin a sentence with. */
  readonly what: string;
  /** Symbols without `CONFIG_`: all of any one group will do. */
  readonly ways: readonly (readonly string[])[];
  /** `root`: before the root can be mounted, so a module must come from an initrd. `later`: a module in the image will do. */
  readonly when: "root" | "later";
  /** How it weighs that the kernel lacks it. */
  readonly absent: Exclude<Severity, "ok">;
  /** What comes of it. */
  readonly without: string;
}

/** What the image itself asks for. */
export interface ImageNeeds {
  readonly architecture: string;
  readonly initSystem: "bootlayer" | "systemd" | "openrc";
  readonly hasScript: boolean;
  /** A path that has such an xattr, if any has. */
  readonly securityXattr: string | undefined;
  readonly aclXattr: string | undefined;
}

/** All that decides whether a guest comes up, most basic first. */
export function kernelNeeds(options: DiagnoseOptions, image: ImageNeeds): KernelNeed[] {
  return [
    ...rootNeeds(options, image),
    ...startNeeds(options, image),
    ...(image.initSystem === "systemd" ? [systemdNeeds] : []),
    ...guestNeeds(options),
  ];
}

function rootNeeds(
  { format, squashfsCompression = "zstd", initrd, machine }: DiagnoseOptions,
  image: ImageNeeds,
): KernelNeed[] {
  const root = { when: "root", absent: "error" } as const;
  const squashfs = {
    gzip: ["SQUASHFS", "SQUASHFS_ZLIB"],
    zstd: ["SQUASHFS", "SQUASHFS_ZSTD"],
    // x86 code is filtered before it is compressed.
    xz: ["SQUASHFS", "SQUASHFS_XZ", "XZ_DEC_X86"],
    lz4: ["SQUASHFS", "SQUASHFS_LZ4"],
    none: ["SQUASHFS"],
  }[squashfsCompression];
  const needs: KernelNeed[] = [
    {
      ...root,
      what: "the root disk",
      ways: diskWays(machine),
      without: "the kernel sees no disk and panics",
    },
    format === "ext4"
      ? { ...root, what: "an ext4 root", ways: [["EXT4_FS"]], without: "the root cannot be mounted" }
      : {
          ...root,
          what: `a squashfs root${squashfsCompression === "none" ? "" : ` packed with ${squashfsCompression}`}`,
          ways: [squashfs],
          without: "the root cannot be mounted",
        },
  ];
  if (initrd === true)
    needs.push({ ...root, what: "an initrd", ways: [["BLK_DEV_INITRD"]], without: "the initrd is ignored" });
  const xattrs = format === "ext4" ? "EXT4_FS_SECURITY" : "SQUASHFS_XATTR";
  if (image.securityXattr !== undefined)
    needs.push({
      what: `the file capabilities and labels of ${image.securityXattr}`,
      ways: [[xattrs]],
      when: "later",
      absent: "warning",
      without: "programs run without the capabilities that their files give them",
    });
  if (image.aclXattr !== undefined && format === "ext4")
    needs.push({
      what: `the access control list of ${image.aclXattr}`,
      ways: [["EXT4_FS_POSIX_ACL"]],
      when: "later",
      absent: "warning",
      without: "only the mode decides who may read it",
    });
  return needs;
}

/** What monitors offer: Firecracker and libkrun devices by MMIO, the others by PCI, QEMU an NVMe disk too. */
function diskWays(machine: DiagnoseOptions["machine"]): string[][] {
  const mmio = ["VIRTIO_BLK", "VIRTIO_MMIO"];
  const pci = ["VIRTIO_BLK", "VIRTIO_PCI"];
  const nvme = ["BLK_DEV_NVME", "PCI"];
  switch (machine) {
    case "firecracker":
    case "libkrun":
      return [mmio];
    case "cloud-hypervisor":
      return [pci];
    case "qemu":
      return [pci, nvme];
    case undefined:
      return [pci, mmio, nvme];
    default:
      return machine satisfies never;
  }
}

function startNeeds(
  { machine, guest }: DiagnoseOptions,
  { architecture, hasScript }: ImageNeeds,
): KernelNeed[] {
  const isPl011 = architecture === "arm64" && machine !== "firecracker" && machine !== "libkrun";
  const serial = isPl011 ? "SERIAL_AMBA_PL011_CONSOLE" : "SERIAL_8250_CONSOLE";
  const needs: KernelNeed[] = [
    {
      what: "ELF programs",
      ways: [["BINFMT_ELF"]],
      when: "root",
      absent: "error",
      without: "no program runs",
    },
    {
      what: "/dev",
      ways: [["DEVTMPFS"]],
      when: "root",
      absent: "error",
      without: "the guest has no devices, not even a console",
    },
    {
      what: "/proc and /sys",
      ways: [["PROC_FS", "SYSFS"]],
      when: "root",
      absent: "error",
      without: "the init finds neither its devices nor its console",
    },
    {
      what: "/run and /dev/shm",
      ways: [["TMPFS"]],
      when: "root",
      absent: "warning",
      without: "they lie on the root, or cannot be written",
    },
    {
      what: "a serial console",
      ways:
        machine === undefined
          ? [[serial], ["VIRTIO_CONSOLE"]]
          : machine === "libkrun"
            ? [["VIRTIO_CONSOLE"]]
            : [[serial]],
      when: "later",
      absent: "warning",
      without: "nothing is seen of the guest, its exit code neither",
    },
    {
      what: "control groups",
      ways: [["CGROUPS"]],
      when: "root",
      absent: "note",
      without: "programs that limit others find no /sys/fs/cgroup",
    },
  ];
  if (hasScript)
    needs.push({
      what: "scripts",
      ways: [["BINFMT_SCRIPT"]],
      when: "later",
      absent: "error",
      without: "the program is a script and cannot be executed",
    });
  if (guest?.process.terminal === true)
    needs.push({
      what: "a terminal of the program's own",
      ways: [["UNIX98_PTYS"]],
      when: "later",
      absent: "error",
      without: "no terminal can be made",
    });
  return needs;
}

/** systemd's README, "REQUIREMENTS". */
const systemdNeeds: KernelNeed = {
  what: "systemd",
  ways: [["CGROUPS", "INOTIFY_USER", "SIGNALFD", "TIMERFD", "EPOLL", "UNIX", "FHANDLE", "TMPFS"]],
  when: "root",
  absent: "error",
  without: "systemd does not start",
};

function guestNeeds({ guest, format }: DiagnoseOptions): KernelNeed[] {
  const needs: KernelNeed[] = [];
  const overlay = guest?.overlay;
  if (overlay !== undefined || format === "squashfs")
    needs.push({
      what: overlay ? "the writable layer over the root" : "a writable layer over the root, if one is wanted",
      ways: [["OVERLAY_FS"]],
      when: "later",
      absent: overlay ? "error" : "note",
      without: "the root can only be read",
    });
  const mode = guest?.network?.mode;
  if (mode !== "none")
    needs.push({
      what: "the network",
      ways: [["INET", "VIRTIO_NET"]],
      when: "later",
      absent: mode === undefined ? "note" : "error",
      without: "the guest has no network but lo",
    });
  if (mode === "kernel")
    needs.push(
      {
        what: "ip= on the kernel's command line",
        ways: [["IP_PNP"]],
        when: "root",
        absent: "error",
        without: "the kernel ignores it, and nothing configures the network",
      },
      {
        what: "ip=dhcp",
        ways: [["IP_PNP_DHCP"]],
        when: "root",
        absent: "note",
        without: "only a static ip= will do",
      },
    );
  if (guest?.agent?.vsock !== undefined)
    needs.push({
      what: "the agent's vsock",
      ways: [["VSOCKETS", "VIRTIO_VSOCKETS"]],
      when: "later",
      absent: "error",
      without: "the host cannot reach the agent by vsock",
    });
  if (guest?.agent?.serial !== undefined)
    needs.push({
      what: "the agent's virtio-serial port",
      ways: [["VIRTIO_CONSOLE"]],
      when: "later",
      absent: "error",
      without: "the host cannot reach the agent by its port",
    });
  return needs;
}
