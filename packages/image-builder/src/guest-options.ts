import { resolve } from "node:path";
import { parseGuestConfig, type GuestConfig, type GuestConfigInput } from "@bootlayer/guest-inject";
import * as z from "zod";
import { BuilderError } from "./errors.ts";

/** How an image is to boot as a machine. */
export type GuestRequest = GuestFeatures &
  (
    | /** Init, agent and configuration go into the disk, as one more layer. */ {
        readonly as?: "layer" | undefined;
      }
    /** The disk holds the image as it is; init, agent and configuration go into an initrd at this path. */
    | { readonly as: "initrd"; readonly initrd: string }
  );

interface GuestFeatures {
  readonly config?: GuestConfigInput | undefined;
  /** Whether the disk will be attached so that it can only be read, as a squashfs always is; default false. */
  readonly readOnlyRoot?: boolean | undefined;
}

export type GuestOptions = Readonly<
  { config: GuestConfig; readOnlyRoot: boolean } & (
    | { as: "layer" }
    | { as: "initrd"; /** An absolute path. */ initrd: string }
  )
>;

const features = { config: z.unknown().optional(), readOnlyRoot: z.boolean().default(false) };
const schema = z.discriminatedUnion("as", [
  z.strictObject({ as: z.literal("layer"), ...features }),
  z.strictObject({ as: z.literal("initrd"), initrd: z.string().min(1, "names no file"), ...features }),
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
  const { readOnlyRoot } = data;
  return data.as === "initrd"
    ? { as: data.as, initrd: resolve(data.initrd), config, readOnlyRoot }
    : { as: data.as, config, readOnlyRoot };
}
