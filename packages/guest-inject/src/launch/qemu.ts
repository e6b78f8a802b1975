import { kernelCommandLine } from "./kernel-arguments.ts";
import type { LaunchAgent, LaunchDisk, LaunchFile, LaunchMachine, LaunchNetwork } from "./machine.ts";
import { rootArguments } from "./root-arguments.ts";
import { shellScript } from "./shell-quote.ts";

export interface QemuRun {
  /** Tried in order by QEMU itself. */
  readonly accelerators: readonly ("kvm" | "tcg")[];
  /** Writes go nowhere. */
  readonly snapshot: boolean;
  /** `terminal`: for a person, with QEMU's own keys. `pipe`: bytes in and out, nothing else. */
  readonly console: "terminal" | "pipe";
}

/** A script that runs QEMU: KVM if it can be had, else emulation. Writes go to the disks. */
export function qemuFile(machine: LaunchMachine): LaunchFile {
  const name = "qemu.sh";
  const run = { accelerators: ["kvm", "tcg"], snapshot: false, console: "terminal" } as const;
  const command = [qemuProgram(machine.architecture), ...qemuArguments(machine, run)];
  return { format: "qemu", name, text: shellScript(command), executable: true, command: `./${name}` };
}

export function qemuProgram(architecture: LaunchMachine["architecture"]): string {
  return architecture === "arm64" ? "qemu-system-aarch64" : "qemu-system-x86_64";
}

/** QEMU's arguments for a machine (qemu(1)): q35 or virt, devices by PCI, nothing that is not asked for. */
export function qemuArguments(
  machine: LaunchMachine,
  { accelerators, snapshot, console }: QemuRun,
): string[] {
  const isArm = machine.architecture === "arm64";
  const commandLine = kernelCommandLine([
    `console=${isArm ? "ttyAMA0" : "ttyS0"}`,
    "panic=-1",
    // A kernel that tests its timer panics where a busy host emulates too slowly; under KVM it does not test it anyway.
    ...(isArm ? [] : ["no_timer_check"]),
    ...rootArguments(machine, diskDevices(machine.disks)),
    ...machine.kernelArguments,
  ]);
  return [
    "-nodefaults",
    "-no-user-config",
    "-no-reboot",
    "-display",
    "none",
    "-machine",
    isArm ? "virt,gic-version=max" : "q35",
    ...accelerators.flatMap((accelerator) => ["-accel", accelerator]),
    "-cpu",
    cpuModel(machine.architecture, accelerators),
    "-m",
    `${machine.memoryMiB}M`,
    "-smp",
    `${machine.cpus}`,
    ...(console === "terminal"
      ? ["-serial", "mon:stdio"]
      : ["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"]),
    "-kernel",
    machine.kernel,
    ...(machine.initrd === undefined ? [] : ["-initrd", machine.initrd]),
    "-append",
    commandLine,
    ...diskArguments(machine.disks, snapshot),
    ...networkArguments(machine.network),
    ...agentArguments(machine.agent),
  ];
}

/** Under KVM the host's own; emulated, all that QEMU can do, without arm64's pointer authentication at its slowest. */
function cpuModel(
  architecture: LaunchMachine["architecture"],
  accelerators: QemuRun["accelerators"],
): string {
  return architecture === "arm64" && !accelerators.includes("kvm") ? "max,pauth-impdef=on" : "max";
}

/** The guest's names for the disks, each bus counting its own; NVMe disks are namespaces of one controller. */
function diskDevices(disks: readonly LaunchDisk[]): string[] {
  let virtio = 0;
  let nvme = 0;
  return disks.map(({ bus }) =>
    bus === "nvme" ? `/dev/nvme0n${++nvme}` : `/dev/vd${String.fromCharCode(0x61 + virtio++)}`,
  );
}

function diskArguments(disks: readonly LaunchDisk[], snapshot: boolean): string[] {
  let namespaces = 0;
  const hasNvme = disks.some(({ bus }) => bus === "nvme");
  return [
    ...(hasNvme ? ["-device", "nvme,id=nvme,serial=bootlayer"] : []),
    ...disks.flatMap(({ path, readOnly, bus }, index) => {
      const mode = readOnly ? ",readonly=on" : snapshot ? ",snapshot=on" : "";
      return [
        "-drive",
        `if=none,id=disk${index},format=raw${mode},file=${escapeCommas(path)}`,
        "-device",
        bus === "nvme"
          ? `nvme-ns,bus=nvme,drive=disk${index},nsid=${++namespaces}`
          : `virtio-blk-pci,drive=disk${index}`,
      ];
    }),
  ];
}

function networkArguments(network: LaunchNetwork | undefined): string[] {
  switch (network?.kind) {
    case undefined:
      return [];
    case "tap": {
      const mac = network.mac === undefined ? "" : `,mac=${network.mac}`;
      return [
        "-netdev",
        `tap,id=net,ifname=${network.device},script=no,downscript=no`,
        "-device",
        `virtio-net-pci,netdev=net,romfile=${mac}`,
      ];
    }
    case "user": {
      const forwards = network.forwards.map(
        ({ protocol = "tcp", hostAddress = "127.0.0.1", hostPort, guestPort }) =>
          `,hostfwd=${protocol}:${hostAddress}:${hostPort}-:${guestPort}`,
      );
      return ["-netdev", `user,id=net${forwards.join("")}`, "-device", "virtio-net-pci,netdev=net,romfile="];
    }
    default:
      return network satisfies never;
  }
}

function agentArguments(agent: LaunchAgent | undefined): string[] {
  switch (agent?.kind) {
    case undefined:
      return [];
    case "vsock":
      return ["-device", `vhost-vsock-pci,guest-cid=${agent.cid}`];
    case "serial":
      return [
        "-chardev",
        `socket,id=agent,server=on,wait=off,path=${escapeCommas(agent.socket)}`,
        "-device",
        "virtio-serial-pci",
        "-device",
        `virtserialport,chardev=agent,name=${agent.name}`,
      ];
    default:
      return agent satisfies never;
  }
}

/** A comma in an option's value is written twice. */
function escapeCommas(value: string): string {
  return value.replaceAll(",", ",,");
}
