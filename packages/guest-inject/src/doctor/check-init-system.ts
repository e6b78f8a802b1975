import { byteString, displayText } from "@bootlayer/rootfs-tree";
import type { GuestConfig } from "../guest-config.ts";
import type { InitSystem } from "../guest-plan.ts";
import type { DoctorImage } from "./doctor-image.ts";
import { follow } from "./find-program.ts";
import type { Finding } from "./finding.ts";

const programs = {
  systemd: ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"],
  openrc: ["/sbin/openrc-init", "/sbin/openrc"],
} as const;

/** What will be PID 1, as the image's program or the caller says, and whether the image has it. */
export function checkInitSystem(
  image: DoctorImage,
  argv: readonly string[],
  guest: GuestConfig | undefined,
): { readonly system: InitSystem; readonly finding: Finding } {
  const asked = guest?.init ?? "auto";
  const system = asked === "auto" ? recognise(image, argv) : asked;
  if (system === "bootlayer")
    return {
      system,
      finding: finding("ok", "bootlayer", "the image has no init that it asks for: ours becomes PID 1"),
    };
  const found = programs[system].find((path) => pathOf(path, image) !== undefined);
  if (found !== undefined)
    return { system, finding: finding("ok", system, `${found} is in the image and becomes PID 1`) };
  return {
    system,
    finding: {
      ...finding("error", system, `the image has neither ${programs[system].join(" nor ")}`),
      remedy: `install ${system} in the image, or leave the choice of the init open`,
    },
  };
}

/** By the program that the image runs, through its symlinks: `/sbin/init` is systemd's on one system and OpenRC's on another. */
function recognise(image: DoctorImage, [program = ""]: readonly string[]): InitSystem {
  const resolved = program.startsWith("/") ? pathOf(program, image) : undefined;
  if (resolved === undefined) return "bootlayer";
  if (/(^|\/)lib\/systemd\/systemd$/.test(resolved)) return "systemd";
  if (/(^|\/)openrc-init$/.test(resolved)) return "openrc";
  // Alpine: busybox's init, which starts OpenRC by /etc/inittab.
  const isInit = program === "/sbin/init";
  return isInit && pathOf("/sbin/openrc", image) !== undefined ? "openrc" : "bootlayer";
}

/** Where a path leads, if a file is there. */
function pathOf(path: string, { root }: DoctorImage): string | undefined {
  const answer = follow(byteString(path), { root, workingDirectory: byteString("/") });
  return answer?.kind === "found" && answer.node.kind === "file" ? displayText(answer.path) : undefined;
}

function finding(severity: "ok" | "error", subject: string, reason: string): Finding {
  return { code: "init-system", severity, subject, reason, remedy: undefined };
}
