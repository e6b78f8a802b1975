import type { LaunchMachine } from "../src/launch/machine.ts";

/** The least that can be started. */
export const bareMachine: LaunchMachine = {
  architecture: "amd64",
  kernel: "vmlinux",
  kernelArguments: [],
  disks: [],
  memoryMiB: 128,
  cpus: 1,
};

/** Names that a shell, JSON, Python or an option's syntax would take for something else. */
export const oddPaths: readonly string[] = [
  "plain.img",
  "with blank.img",
  " outer blanks ",
  `it's a "disk", $HOME \`id\`.img`,
  "a[1],readonly=on",
  "unbalanced]",
  String.raw`back\slash`,
  "ümlaut.img",
  "-kernel",
  "=equals=",
];

/** Machines that Firecracker and Cloud Hypervisor can both have. */
export const microMachines: readonly LaunchMachine[] = [
  bareMachine,
  { ...bareMachine, architecture: "arm64", cpus: 32, memoryMiB: 65_536 },
  { ...bareMachine, initrd: "initrd.cpio", disks: [{ path: "root.squashfs", readOnly: true }] },
  {
    ...bareMachine,
    kernel: "-odd kernel",
    kernelArguments: ["init=/usr/lib/bootlayer/init", "dyndbg=file a.c +p"],
    disks: oddPaths.map((path, index) => ({ path, readOnly: index % 2 === 1 })),
    network: { kind: "tap", device: "tap0", mac: "06:00:c0:a8:00:02" },
    agent: { kind: "vsock", cid: 3, port: 1024, socket: "/run/odd, socket" },
  },
  { ...bareMachine, network: { kind: "tap", device: "vm-tap_1.0" } },
];
