import { RootfsTreeError } from "@bootlayer/rootfs-tree";
import { GuestError } from "../errors.ts";
import type { GuestImage, PlanOptions, PreparedGuest } from "../guest-plan.ts";
import { planGuest } from "../plan-guest.ts";
import type { Finding } from "./finding.ts";

/**
 * What a build would refuse of the guest, or do otherwise than was asked. The image must be sound so far: what is wrong with its
 * program or its user is not said twice.
 */
export async function checkPlan(
  prepared: PreparedGuest,
  image: GuestImage,
  as: PlanOptions["as"],
): Promise<Finding[]> {
  const base = { code: "guest", subject: "guest" } as const;
  try {
    const { warnings } = await planGuest(prepared, image, { as });
    return warnings.map((warning) => ({
      ...base,
      severity: "warning",
      reason: warning,
      remedy: undefined,
    }));
  } catch (error) {
    // Not what `readFile` throws: that is no fault of the image.
    if (!(error instanceof GuestError || error instanceof RootfsTreeError)) throw error;
    return [{ ...base, severity: "error", reason: error.message, remedy: error.hint }];
  }
}
