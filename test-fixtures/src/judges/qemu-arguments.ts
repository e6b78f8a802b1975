/** A disk of a guest. */
export interface GuestDisk {
  /** A raw image. */
  readonly path: string;
  /** Default: `nvme`, which Debian's cloud kernel has built in; for `virtio-blk` it needs modules. */
  readonly bus?: "nvme" | "virtio-blk";
  /** Written to by the guest where true; otherwise what it writes is dropped. Default: false. */
  readonly keepWrites?: boolean;
  /** The guest sees a disk that cannot be written to. Default: false. */
  readonly readOnly?: boolean;
}

export interface GuestMachine {
  /** A bzImage with the drivers that the disk needs built in, or in `initrd`. */
  readonly kernel: string;
  readonly initrd?: string;
  /** In the guest /dev/nvme0n1, /dev/nvme0n2 and so on; those on virtio-blk are /dev/vda and so on. */
  readonly disks?: readonly GuestDisk[];
  /** Added to the kernel's command line. */
  readonly append?: string;
  /** TCP ports of the guest that the host wants to reach. A guest has a network card if this is given, even if empty. */
  readonly ports?: readonly number[];
  /** A virtio-serial port of this name, on a Unix socket that QEMU makes and listens on. */
  readonly agent?: { readonly name: string; readonly socket: string };
  /** Default: 512. */
  readonly memoryMebibytes?: number;
}

/** Command line of qemu-system-x86_64: the serial console is its standard input and output, its monitor descriptor 3. */
export function qemuArguments(machine: GuestMachine): string[] {
  const { kernel, initrd, disks = [], append = "", ports, agent, memoryMebibytes = 512 } = machine;
  const fixed = "-accel tcg -cpu max -nodefaults -no-reboot -display none -serial stdio";
  const monitor = "-chardev socket,id=monitor,fd=3 -mon chardev=monitor,mode=readline";
  const boot = ["-kernel", kernel, "-append", `console=ttyS0 panic=-1 no_timer_check ${append}`.trim()];
  if (initrd !== undefined) boot.push("-initrd", initrd);
  return [
    ...fixed.split(" "),
    ...monitor.split(" "),
    ...boot,
    "-m",
    String(memoryMebibytes),
    ...disksArguments(disks),
    ...(ports === undefined ? [] : networkArguments(ports)),
    ...(agent === undefined ? [] : agentArguments(agent)),
  ];
}

/** All NVMe disks are namespaces of one controller: several controllers would be numbered in the order of their probing. */
function disksArguments(disks: readonly GuestDisk[]): string[] {
  const isOnNvme = (disk: GuestDisk): boolean => disk.bus !== "virtio-blk";
  const controller = disks.some(isOnNvme) ? ["-device", "nvme,id=nvme,serial=bootlayer"] : [];
  const devices = disks.flatMap((disk, index) => {
    const { path, keepWrites = false, readOnly = false } = disk;
    const switches = `snapshot=${keepWrites || readOnly ? "off" : "on"},read-only=${readOnly ? "on" : "off"}`;
    const device = isOnNvme(disk) ? "nvme-ns,bus=nvme" : "virtio-blk-pci";
    return [
      "-drive",
      `file=${path.replaceAll(",", ",,")},format=raw,if=none,id=disk${index},${switches}`,
      "-device",
      `${device},drive=disk${index}`,
    ];
  });
  return [...controller, ...devices];
}

/** Port 0 of the host: the system chooses a free one, and the monitor says which. */
function networkArguments(ports: readonly number[]): string[] {
  const forwards = ports.map((port) => `,hostfwd=tcp:127.0.0.1:0-:${port}`).join("");
  return ["-netdev", `user,id=net${forwards}`, "-device", "virtio-net-pci,netdev=net,romfile="];
}

function agentArguments({ name, socket }: { readonly name: string; readonly socket: string }): string[] {
  return [
    "-chardev",
    `socket,id=agent,path=${socket.replaceAll(",", ",,")},server=on,wait=off`,
    "-device",
    "virtio-serial-pci",
    "-device",
    `virtserialport,chardev=agent,name=${name}`,
  ];
}
