import { resolve } from "node:path";
import { parseGuestConfig, type GuestConfig, type GuestConfigInput } from "@bootlayer/guest-inject";
import * as z from "zod";
import { BuilderError } from "./errors.ts";

/** How an image is to boot as a machine. */
export type GuestRequest =
  /** Init, agent and configuration go into the disk, as one more layer. */
  | { readonly as?: "layer" | undefined; readonly config?: GuestConfigInput | undefined }
  /** The disk holds the image as it is; init, agent and configuration go into an initrd at this path. */
  | { readonly as: "initrd"; readonly initrd: string; readonly config?: GuestConfigInput | undefined };

export type GuestOptions = Readonly<
  { config: GuestConfig } & ({ as: "layer" } | { as: "initrd"; /** An absolute path. */ initrd: string })
>;

const schema = z.discriminatedUnion("as", [
  z.strictObject({ as: z.literal("layer"), config: z.unknown().optional() }),
  z.strictObject({
    as: z.literal("initrd"),
    initrd: z.string().min(1, "names no file"),
    config: z.unknown().optional(),
  }),
]);

/** @throws {BuilderError} OPTIONS_INVALID. @throws {GuestError} GUEST_CONFIG. */
export function parseGuestOptions(request: GuestRequest | undefined): GuestOptions | undefined {
  if (request === undefined) return undefined;
  const { success, data, error: cause } = schema.safeParse({ ...request, as: request.as ?? "layer" });
  if (!success)
    throw new BuilderError(
      "OPTIONS_INVALID",
      `guest: ${z.prettifyError(cause)}`,
      "see the options of build",
      {
        cause,
      },
    );
  const config = parseGuestConfig(data.config ?? {}, "guest");
  return data.as === "initrd"
    ? { as: data.as, initrd: resolve(data.initrd), config }
    : { as: data.as, config };
}
