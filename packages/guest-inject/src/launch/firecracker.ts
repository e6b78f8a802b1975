import { refuse, refuseQemuOnly } from "./check-machine.ts";
import { kernelCommandLine } from "./kernel-arguments.ts";
import type { LaunchFile, LaunchMachine } from "./machine.ts";

/**
 * A configuration for `firecracker --config-file`; names are those of its API (firecracker.yaml, "FullVmConfiguration").
 *
 * Firecracker ends when the guest reboots, so the init is told to do that. It adds `root=/dev/vda` itself for a root device, and
 * must have none beside an initrd. On amd64 it wants a vmlinux (recent versions take a bzImage too), on arm64 an Image.
 */
export function firecrackerFile(machine: LaunchMachine): LaunchFile {
  refuseQemuOnly("firecracker", machine);
  if (machine.cpus > 32) refuse("firecracker", "gives a guest at most 32 CPUs", "ask for fewer");
  const { network, agent, initrd } = machine;
  const name = "firecracker.json";
  const configuration = {
    "boot-source": {
      kernel_image_path: machine.kernel,
      ...(initrd === undefined ? {} : { initrd_path: initrd }),
      boot_args: kernelCommandLine([
        "console=ttyS0",
        "reboot=k",
        "panic=1",
        "pci=off",
        "bootlayer.exit=reboot",
        ...machine.kernelArguments,
      ]),
    },
    drives: machine.disks.map(({ path, readOnly }, index) => ({
      drive_id: `disk${index}`,
      path_on_host: path,
      is_root_device: index === 0 && initrd === undefined,
      is_read_only: readOnly,
    })),
    "machine-config": { vcpu_count: machine.cpus, mem_size_mib: machine.memoryMiB },
    ...(network?.kind === "tap"
      ? {
          "network-interfaces": [
            {
              iface_id: "eth0",
              host_dev_name: network.device,
              ...(network.mac === undefined ? {} : { guest_mac: network.mac }),
            },
          ],
        }
      : {}),
    ...(agent?.kind === "vsock" ? { vsock: { guest_cid: agent.cid, uds_path: agent.socket } } : {}),
  };
  return {
    format: "firecracker",
    name,
    text: `${JSON.stringify(configuration, undefined, 2)}\n`,
    executable: false,
    command: `firecracker --no-api --config-file ${name}`,
  };
}
