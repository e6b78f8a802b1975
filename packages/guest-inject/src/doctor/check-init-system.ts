import { displayText } from "@bootlayer/rootfs-tree";
import type { GuestConfig } from "../guest-config.ts";
import type { InitSystem } from "../guest-plan.ts";
import { findInit, recogniseInit, type ForeignInit, type InitSystemContext } from "../init-system.ts";
import type { Finding } from "./finding.ts";

export interface InitSystemCheck {
  readonly system: InitSystem;
  /** The image's own init that becomes PID 1. */
  readonly foreign: ForeignInit | undefined;
  readonly finding: Finding;
}

/** What will be PID 1, as the image's program or the caller says, and whether the image has it. */
export async function checkInitSystem(
  asked: GuestConfig["init"],
  context: InitSystemContext,
): Promise<InitSystemCheck> {
  const base = { code: "init-system", severity: "ok", remedy: undefined } as const;
  const ours: InitSystemCheck = {
    system: "bootlayer",
    foreign: undefined,
    finding: { ...base, subject: "bootlayer", reason: "the program is no init: ours becomes PID 1" },
  };
  if (asked === "bootlayer")
    return { ...ours, finding: { ...ours.finding, reason: "ours becomes PID 1, as was asked for" } };
  const foreign = asked === "auto" ? await recogniseInit(context) : await findInit(asked, context);
  if (foreign) {
    const { system, path } = foreign;
    const reason = `${displayText(path)} is in the image and becomes PID 1`;
    return { system, foreign, finding: { ...base, subject: system, reason } };
  }
  if (asked === "auto") return ours;
  return {
    system: asked,
    foreign: undefined,
    finding: {
      code: "init-system",
      severity: "error",
      subject: asked,
      reason: `the image has no ${asked} that could be its init`,
      remedy: `install ${asked} in the image, or leave the choice of the init open`,
    },
  };
}
