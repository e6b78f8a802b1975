import { expect, test } from "vitest";
import * as z from "zod";
import { microMachines } from "../../integration/launch-fixtures.ts";
import { launchFile } from "./launch-file.ts";

/**
 * What Firecracker takes of a configuration file, as its API says it (src/firecracker/swagger/firecracker.yaml of version 1.17:
 * FullVmConfiguration, BootSource, Drive, MachineConfiguration, NetworkInterface, Vsock): it refuses members that it does not
 * know. Identifiers are parts of the API's paths: letters, digits and underscores.
 */
const identifier = z.string().regex(/^\w{1,64}$/);
const configuration = z.strictObject({
  "boot-source": z.strictObject({
    kernel_image_path: z.string().min(1),
    initrd_path: z.string().min(1).optional(),
    boot_args: z.string().max(2047).optional(),
  }),
  drives: z.array(
    z.strictObject({
      drive_id: identifier,
      path_on_host: z.string().min(1),
      is_root_device: z.boolean(),
      is_read_only: z.boolean(),
      partuuid: z.string().optional(),
      cache_type: z.enum(["Unsafe", "Writeback"]).optional(),
      io_engine: z.enum(["Sync", "Async"]).optional(),
    }),
  ),
  "machine-config": z.strictObject({
    vcpu_count: z.int().min(1).max(32),
    mem_size_mib: z.int().min(1),
    smt: z.boolean().optional(),
    track_dirty_pages: z.boolean().optional(),
    huge_pages: z.enum(["None", "Transparent", "2M"]).optional(),
  }),
  "network-interfaces": z
    .array(
      z.strictObject({
        iface_id: identifier,
        // IFNAMSIZ, with the NUL.
        host_dev_name: z.string().min(1).max(15),
        guest_mac: z
          .string()
          .regex(/^[\da-f]{2}(:[\da-f]{2}){5}$/i)
          .optional(),
        mtu: z.int().min(68).max(65_535).optional(),
      }),
    )
    .optional(),
  vsock: z.strictObject({ guest_cid: z.int().min(3), uds_path: z.string().min(1) }).optional(),
});

test.for(microMachines)("the configuration is within the documented constraints: %j", (machine) => {
  const { text, command } = launchFile("firecracker", machine);
  const { drives, ...rest } = configuration.parse(JSON.parse(text));
  expect(drives.map(({ path_on_host }) => path_on_host)).toEqual(machine.disks.map(({ path }) => path));
  expect(drives.map(({ is_read_only }) => is_read_only)).toEqual(
    machine.disks.map(({ readOnly }) => readOnly),
  );
  expect(new Set(drives.map(({ drive_id }) => drive_id)).size).toBe(drives.length);
  // At most one root, which comes first so that it is /dev/vda; none beside an initrd.
  const roots = drives.map(({ is_root_device }) => is_root_device);
  expect(roots.lastIndexOf(true)).toBe(machine.disks.length > 0 && machine.initrd === undefined ? 0 : -1);
  expect(rest["boot-source"].kernel_image_path).toBe(machine.kernel);
  expect(command).toBe("firecracker --no-api --config-file firecracker.json");
});
