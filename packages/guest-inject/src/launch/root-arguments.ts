import type { LaunchMachine } from "./machine.ts";

/** `root=` for the first disk. With an initrd, what is in there knows the root. */
export function rootArguments(
  { disks, initrd }: LaunchMachine,
  [device]: readonly string[],
): readonly string[] {
  const [root] = disks;
  if (root === undefined || device === undefined || initrd !== undefined) return [];
  return [`root=${device}`, root.readOnly ? "ro" : "rw"];
}
