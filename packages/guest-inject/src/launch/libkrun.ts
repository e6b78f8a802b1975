import { refuse, refuseQemuOnly } from "./check-machine.ts";
import { kernelCommandLine } from "./kernel-arguments.ts";
import type { LaunchFile, LaunchMachine } from "./machine.ts";
import { rootArguments } from "./root-arguments.ts";

/**
 * A Python script that calls libkrun (libkrun.h) by ctypes. libkrun is a library and has no command or configuration file that
 * starts a kernel and a disk of one's own: krunvm takes containers, krunkit only what boots by EFI. libkrun 1.10 and later have
 * `krun_set_kernel`; it must be built with BLK=1, and with NET=1 for a network. It ends when the guest reboots, so the init is
 * told to do that; the console is hvc0, on the script's own input and output.
 */
export function libkrunFile(machine: LaunchMachine): LaunchFile {
  refuseQemuOnly("libkrun", machine);
  if (machine.network !== undefined)
    refuse("libkrun", "reaches no network by this script", "leave it out: libkrun has its own, TSI");
  const { agent } = machine;
  const name = "libkrun.py";
  const commandLine = kernelCommandLine([
    "console=hvc0",
    "reboot=k",
    "panic=-1",
    "bootlayer.exit=reboot",
    ...rootArguments(machine, ["/dev/vda"]),
    ...machine.kernelArguments,
  ]);
  const calls = [
    `call("krun_set_vm_config", c_uint8(${machine.cpus}), c_uint32(${machine.memoryMiB}))`,
    ...machine.disks.map(
      ({ path, readOnly }, index) =>
        `call("krun_add_disk", b"disk${index}", path(${literal(path)}), c_bool(${readOnly ? "True" : "False"}))`,
    ),
    `kernel = path(${literal(machine.kernel)})`,
    `initrd = ${machine.initrd === undefined ? "None" : `path(${literal(machine.initrd)})`}`,
    `call("krun_set_kernel", kernel, c_uint32(kernel_format(kernel)), initrd, path(${literal(commandLine)}))`,
    ...(agent?.kind === "vsock"
      ? [
          `call("krun_add_vsock_port2", c_uint32(${agent.port}), path(${literal(agent.socket)}), c_bool(True))`,
        ]
      : []),
    `call("krun_start_enter")`,
  ];
  return {
    format: "libkrun",
    name,
    text: `${prologue}\n${calls.join("\n")}\n`,
    executable: true,
    command: `./${name}`,
  };
}

const prologue = `#!/usr/bin/env python3
import ctypes, ctypes.util, os, sys
from ctypes import c_bool, c_uint8, c_uint32

libkrun = ctypes.CDLL(ctypes.util.find_library("krun") or "libkrun.so.1")


def check(name, result):
    if result < 0:
        sys.exit(f"{name}: {os.strerror(-result)}")
    return result


def call(name, *arguments):
    return check(name, getattr(libkrun, name)(context, *arguments))


def path(text):
    return os.fsencode(text)


def kernel_format(kernel):
    """KRUN_KERNEL_FORMAT_*: ELF, a bzImage by what it is packed with, or an arm64 Image."""
    with open(kernel, "rb") as file:
        head = file.read(0x250)
        if head[:4] == b"\\x7fELF":
            return 1
        if head[56:60] == b"ARM\\x64":
            return 0
        if head[0x202:0x206] == b"HdrS":
            file.seek(((head[0x1F1] or 4) + 1) * 512 + int.from_bytes(head[0x248:0x24C], "little"))
            packed = file.read(4)
            for magic, number in ((b"BZh", 3), (b"\\x1f\\x8b", 4), (b"\\x28\\xb5\\x2f\\xfd", 5)):
                if packed.startswith(magic):
                    return number
    sys.exit("libkrun takes a vmlinux, an arm64 Image, or a bzImage packed with gzip, bzip2 or zstd")


context = check("krun_create_ctx", libkrun.krun_create_ctx())`;

/** JSON's strings are Python's too. */
function literal(text: string): string {
  return JSON.stringify(text);
}
