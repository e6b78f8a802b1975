import type { Timestamp } from "@bootlayer/rootfs-tree";
import { GuestError } from "./errors.ts";
import type { GuestPlan } from "./guest-plan.ts";
import type { InitConf } from "./init-conf.ts";

export interface InitrdOptions {
  /** What the init mounts and goes on in: `DEVICE` is a path, `UUID=…` or `LABEL=…`. */
  readonly root: NonNullable<InitConf["root"]>;
  readonly mtime: Timestamp;
  /** Default: none. Any kernel that takes an initrd takes it as it is. */
  readonly compression?: "none" | "gzip" | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The initrd of a plan that was made with `as: "initrd"`.
 *
 * @throws {GuestError}
 */
export async function* guestInitrd(plan: GuestPlan, options: InitrdOptions): AsyncGenerator<Uint8Array> {
  yield new Uint8Array();
  throw new GuestError("GUEST_PROCESS", `${plan.as} ${options.root.device} is not ready`, "wait");
}
