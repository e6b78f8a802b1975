import {
  formatPlatform,
  hostPlatform,
  normalisePlatform,
  type ImageConfig,
  type Platform,
} from "@bootlayer/image-spec";
import { byteString } from "@bootlayer/rootfs-tree";
import type { GuestConfig } from "../guest-config.ts";
import { checkUser, checkWorkingDirectory } from "./check-identity.ts";
import { checkKernel, runnableArchitectures } from "./check-kernel.ts";
import { checkProgram } from "./check-program.ts";
import type { DiagnoseOptions, DoctorImage } from "./doctor-image.ts";
import { defaultPath, splitSearchPath, type ProgramContext } from "./find-program.ts";
import type { Finding } from "./finding.ts";
import type { InitSystem } from "../guest-plan.ts";
import { checkInitSystem } from "./check-init-system.ts";
import { usedXattrs } from "./used-xattrs.ts";

/**
 * Says whether an image will boot and run its program, in the order of a boot's steps: platform, user, working directory,
 * program (execve(2), elf(5)), init system, kernel. It looks only, and reports every fault of the image as a finding: what it
 * throws comes from `readFile`.
 */
export async function diagnose(image: DoctorImage, options: DiagnoseOptions): Promise<readonly Finding[]> {
  const { kernel, guest } = options;
  const { architecture } = normalisePlatform(image.platform);
  const process = programOf(image.config, guest);
  const { user, findings: userFindings } = await checkUser(process.user, image);
  const context: ProgramContext = {
    root: image.root,
    path: splitSearchPath(process.path),
    workingDirectory: byteString(process.workingDirectory),
    uid: user.uid,
    gids: [user.gid, ...user.groups],
  };
  const init = checkInitSystem(image, process.argv, guest);
  const architectures = runnableArchitectures(architecture, kernel);
  const [name] = process.argv;
  const program =
    name === undefined
      ? programUnset(init.system)
      : await checkProgram(name, { image, context, architectures });
  const xattrs = usedXattrs(image.root);
  const needs = {
    architecture,
    initSystem: init.system,
    hasScript: program.some(({ code }) => code === "program-script"),
    securityXattr: xattrs.security,
    aclXattr: xattrs.acl,
  };
  return [
    ...checkPlatform(image.platform),
    ...userFindings,
    checkWorkingDirectory(process.workingDirectory, image),
    ...program,
    init.finding,
    ...(kernel ? checkKernel(kernel, options, needs) : []),
  ];
}

interface ProgramFacts {
  readonly argv: readonly string[];
  readonly path: string;
  readonly user: string;
  readonly workingDirectory: string;
}

/** The image's own configuration with what is asked of the guest over it (image-spec config.md, "config"). */
function programOf({ config = {} }: ImageConfig, guest: GuestConfig | undefined): ProgramFacts {
  const { entrypoint, cmd, env, user, workingDirectory } = guest?.process ?? {};
  const variables = (config.Env ?? []).filter((variable) => variable.startsWith("PATH="));
  return {
    argv: entrypoint
      ? [...entrypoint, ...(cmd ?? [])]
      : [...(config.Entrypoint ?? []), ...(cmd ?? config.Cmd ?? [])],
    path: env?.["PATH"] ?? variables.at(-1)?.slice("PATH=".length) ?? defaultPath,
    user: user ?? config.User ?? "",
    workingDirectory: workingDirectory ?? (config.WorkingDir || "/"),
  };
}

function programUnset(system: InitSystem): Finding[] {
  if (system !== "bootlayer") return [];
  return [
    {
      code: "program-unset",
      severity: "error",
      subject: "Entrypoint",
      reason: "the image has neither Entrypoint nor Cmd, so there is nothing to run",
      remedy: "name a program: --entrypoint",
    },
  ];
}

function checkPlatform(platform: Platform): Finding[] {
  const own = normalisePlatform(platform);
  const subject = formatPlatform(own);
  const isLinux = own.os === "linux";
  const findings: Finding[] = [
    {
      code: "platform",
      severity: isLinux ? "ok" : "error",
      subject,
      reason: isLinux
        ? "a Linux image"
        : `the image is for ${JSON.stringify(own.os)}, and only Linux boots it`,
      remedy: isLinux ? undefined : "take the image for linux: --platform",
    },
  ];
  const host = hostPlatform();
  if (isLinux && host.architecture !== own.architecture)
    findings.push({
      code: "platform-host",
      severity: "note",
      subject,
      reason: `this machine is ${host.architecture}: here the image runs by emulation only`,
      remedy: undefined,
    });
  return findings;
}
