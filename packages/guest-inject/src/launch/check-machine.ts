import * as z from "zod";
import { GuestError } from "../errors.ts";
import type { LaunchFormat, LaunchMachine } from "./machine.ts";

const path = z
  .string()
  .min(1)
  // oxlint-disable-next-line no-control-regex
  .regex(/^[^\u0000-\u001f]*$/, "has a control character");
const port = z.int().min(1).max(65_535);

const machineSchema = z.strictObject({
  architecture: z.enum(["amd64", "arm64"]),
  kernel: path,
  initrd: path.optional(),
  kernelArguments: z.array(z.string()),
  disks: z
    .array(
      z.strictObject({
        path,
        readOnly: z.boolean(),
        bus: z.enum(["virtio-blk", "nvme"]).optional(),
      }),
    )
    .max(24),
  memoryMiB: z
    .int()
    .min(16)
    .max(2 ** 24),
  cpus: z.int().min(1).max(255),
  network: z
    .discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("tap"),
        device: z.string().regex(/^[^\s/,"[\]]{1,15}$/, "is no network interface's name"),
        mac: z
          .string()
          .regex(/^[\da-f]{2}(:[\da-f]{2}){5}$/i, "is no MAC address")
          .optional(),
      }),
      z.strictObject({
        kind: z.literal("user"),
        forwards: z.array(
          z.strictObject({
            hostAddress: z.ipv4().optional(),
            hostPort: port,
            guestPort: port,
            protocol: z.enum(["tcp", "udp"]).optional(),
          }),
        ),
      }),
    ])
    .optional(),
  agent: z
    .discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("vsock"),
        cid: z.int().min(3).max(0xffff_fffe),
        port: z.int().min(1).max(0xffff_fffe),
        socket: path,
      }),
      z.strictObject({
        kind: z.literal("serial"),
        name: z.string().regex(/^[\w.-]{1,64}$/, "is no port's name"),
        socket: path,
      }),
    ])
    .optional(),
});

/**
 * The edge of this part: what is out of range is refused before any text is made of it.
 *
 * @throws {GuestError} GUEST_LAUNCH naming each member that is wrong.
 */
export function checkMachine(machine: LaunchMachine): void {
  const { error: cause } = machineSchema.safeParse(machine);
  if (cause)
    throw new GuestError(
      "GUEST_LAUNCH",
      `the machine cannot be started: ${z.prettifyError(cause)}`,
      "correct these members",
      { cause },
    );
}

/** What a monitor cannot do. */
export function refuse(format: LaunchFormat, what: string, hint: string): never {
  throw new GuestError("GUEST_LAUNCH", `${format} ${what}`, hint);
}

/** What only QEMU has. */
export function refuseQemuOnly(format: LaunchFormat, { disks, network, agent }: LaunchMachine): void {
  if (disks.some(({ bus }) => bus === "nvme"))
    refuse(format, "has no NVMe disks", "use virtio-blk and a kernel that has it");
  if (network?.kind === "user") refuse(format, "has no network of its own", "make a tap device and name it");
  if (agent?.kind === "serial") refuse(format, "has no virtio-serial ports", "reach the agent by vsock");
}
