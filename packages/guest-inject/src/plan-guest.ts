import { GuestError } from "./errors.ts";
import type { GuestImage, GuestPlan, PlanOptions, PreparedGuest } from "./guest-plan.ts";

/**
 * Resolves what was asked of a guest against an image: its init system, its process, its users, where each file goes.
 *
 * @throws {GuestError}
 */
export async function planGuest(
  prepared: PreparedGuest,
  image: GuestImage,
  options: PlanOptions = {},
): Promise<GuestPlan> {
  void image;
  void options;
  throw new GuestError("GUEST_PROCESS", `${prepared.identity} is not ready`, "wait");
}
