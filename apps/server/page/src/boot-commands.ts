/** A finished disk, as far as a monitor must know it. */
export interface BootableDisk {
  /** Name of the downloaded file. */
  readonly file: string;
  readonly architecture: "amd64" | "arm64";
  /** Whether the disk can only be read, as squashfs is. */
  readonly readOnly: boolean;
  /** What the guest in the disk wants on the kernel's command line; empty without a guest. */
  readonly kernelArguments: readonly string[];
  readonly hasGuest: boolean;
}

export interface BootCommand {
  readonly monitor: string;
  readonly note: string;
  readonly command: string;
}

const kernel = "vmlinux";
const memoryMiB = 512;

/** How the disk boots under each monitor, ready for a shell; the kernel is the reader's own. As image-builder's launch files have it. */
export function bootCommands(disk: BootableDisk): readonly BootCommand[] {
  return [
    ...(disk.hasGuest ? [withCli(disk)] : []),
    withFirecracker(disk),
    withCloudHypervisor(disk),
    withQemu(disk),
  ];
}

function withCli({ file }: BootableDisk): BootCommand {
  return {
    monitor: "bootlayer",
    note: "Boots it with QEMU, drops the guest's writes, and ends with its exit code.",
    command: `bootlayer boot ${shellQuote(argument(file))} --kernel ${kernel}`,
  };
}

function withFirecracker({ file, readOnly, kernelArguments }: BootableDisk): BootCommand {
  const boot = ["console=ttyS0", "reboot=k", "panic=1", "pci=off", "bootlayer.exit=reboot"];
  const configuration = {
    "boot-source": { kernel_image_path: kernel, boot_args: commandLine([...boot, ...kernelArguments]) },
    drives: [{ drive_id: "disk0", path_on_host: file, is_root_device: true, is_read_only: readOnly }],
    "machine-config": { vcpu_count: 1, mem_size_mib: memoryMiB },
  };
  return {
    monitor: "Firecracker",
    note: "The kernel is an uncompressed vmlinux on amd64, an Image on arm64.",
    command: [
      "cat > firecracker.json <<'END'",
      JSON.stringify(configuration, undefined, 2),
      "END",
      "firecracker --no-api --config-file firecracker.json",
    ].join("\n"),
  };
}

function withCloudHypervisor({ file, architecture, readOnly, kernelArguments }: BootableDisk): BootCommand {
  const console = architecture === "arm64" ? "ttyAMA0" : "ttyS0";
  const path = /[",[\]]|^\s|\s$/.test(file) ? `"${file.replaceAll('"', '""')}"` : file;
  return {
    monitor: "Cloud Hypervisor",
    note: "Version 51 or later.",
    command: shellCommand([
      "cloud-hypervisor",
      "--kernel",
      kernel,
      "--cmdline",
      commandLine([`console=${console}`, ...rootArguments(readOnly), ...kernelArguments]),
      "--disk",
      `path=${path},image_type=raw${readOnly ? ",readonly=on" : ""}`,
      "--cpus",
      "boot=1",
      "--memory",
      `size=${memoryMiB}M`,
      "--serial",
      "tty",
      "--console",
      "off",
    ]),
  };
}

function withQemu({ file, architecture, readOnly, kernelArguments }: BootableDisk): BootCommand {
  const isArm = architecture === "arm64";
  return {
    monitor: "QEMU",
    note: "With KVM where it can be had, else emulated. Ctrl-A X ends it.",
    command: shellCommand([
      isArm ? "qemu-system-aarch64" : "qemu-system-x86_64",
      "-nodefaults",
      "-no-user-config",
      "-no-reboot",
      "-display",
      "none",
      "-machine",
      isArm ? "virt,gic-version=max" : "q35",
      "-accel",
      "kvm",
      "-accel",
      "tcg",
      "-cpu",
      "max",
      "-m",
      `${memoryMiB}M`,
      "-smp",
      "1",
      "-serial",
      "mon:stdio",
      "-kernel",
      kernel,
      "-append",
      commandLine([
        `console=${isArm ? "ttyAMA0" : "ttyS0"}`,
        "panic=-1",
        ...(isArm ? [] : ["no_timer_check"]),
        ...rootArguments(readOnly),
        ...kernelArguments,
      ]),
      "-drive",
      `if=none,id=disk0,format=raw${readOnly ? ",readonly=on" : ""},file=${file.replaceAll(",", ",,")}`,
      "-device",
      "virtio-blk-pci,drive=disk0",
    ]),
  };
}

function rootArguments(readOnly: boolean): readonly string[] {
  return ["root=/dev/vda", readOnly ? "ro" : "rw"];
}

/** The kernel takes blanks in double quotes. */
function commandLine(parameters: readonly string[]): string {
  return parameters
    .map((parameter) => {
      if (!parameter.includes(" ")) return parameter;
      const equals = parameter.indexOf("=");
      return equals === -1 || parameter.slice(0, equals).includes(" ")
        ? `"${parameter}"`
        : `${parameter.slice(0, equals)}="${parameter.slice(equals + 1)}"`;
    })
    .join(" ");
}

/** A word that begins with a hyphen would be an option. */
function argument(path: string): string {
  return path.startsWith("-") ? `./${path}` : path;
}

/** An option and its value share a line. */
function shellCommand(words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words)
    if (lines.length === 0 || word.startsWith("-")) lines.push(shellQuote(word));
    else lines.push(`${lines.pop() ?? ""} ${shellQuote(word)}`);
  return lines.join(" \\\n  ");
}

export function shellQuote(text: string): string {
  return /^[\w%+,./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
