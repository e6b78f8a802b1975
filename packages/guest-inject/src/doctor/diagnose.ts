import { formatPlatform, hostPlatform, normalisePlatform, type Platform } from "@bootlayer/image-spec";
import { byteString } from "@bootlayer/rootfs-tree";
import { initArchitecture } from "../init-binary.ts";
import { composeProcess } from "../process.ts";
import { checkUser, checkWorkingDirectory } from "./check-identity.ts";
import { checkKernel, runnableArchitectures } from "./check-kernel.ts";
import { checkPlan } from "./check-plan.ts";
import { checkInitSystem, type InitSystemCheck } from "./check-init-system.ts";
import { checkProgram, type ProgramCheck } from "./check-program.ts";
import type { DiagnoseOptions, DoctorImage } from "./doctor-image.ts";
import { splitSearchPath, type ProgramContext } from "./find-program.ts";
import type { Finding } from "./finding.ts";
import { readImageFile } from "./read-image-file.ts";
import { withFiles } from "./with-files.ts";
import { usedXattrs } from "./used-xattrs.ts";

/**
 * Says whether an image will boot and run its program, in the order of a boot's steps: platform, user, working directory,
 * program (execve(2), elf(5)), init system, the rest of what is asked of the guest, kernel. It looks only, and reports every
 * fault of the image as a finding: what it throws comes from `readFile`, or is GUEST_FILE, GUEST_IMAGE for what cannot be put in.
 */
export async function diagnose(built: DoctorImage, options: DiagnoseOptions): Promise<readonly Finding[]> {
  const { kernel, guest, prepared } = options;
  const image = withFiles(built, prepared?.files ?? []);
  const { architecture } = normalisePlatform(image.platform);
  const process = composeProcess(image.config.config ?? {}, guest?.process ?? {}, "");
  const { user, findings: userFindings } = await checkUser(process.user, image);
  const context: ProgramContext = {
    root: image.root,
    path: splitSearchPath(process.env.get("PATH") ?? ""),
    workingDirectory: byteString(process.workingDirectory),
    uid: user.uid,
    gids: [user.gid, ...user.groups],
  };
  const init = await checkInitSystem(guest?.init ?? "auto", {
    root: image.root,
    program: process.argv[0],
    search: context,
    readFile: async (path) => await readImageFile(path, image),
  });
  const architectures = runnableArchitectures(architecture, kernel);
  const program = await checkStart(process.argv[0], init, { image, context, architectures });
  const xattrs = usedXattrs(image.root);
  const needs = {
    architecture,
    initSystem: init.system,
    hasScript: program.some(({ code }) => code === "program-script"),
    securityXattr: xattrs.security,
    aclXattr: xattrs.acl,
  };
  const findings = [
    ...checkPlatform(image.platform),
    // An image's own init runs as root in /, whatever its config says.
    ...(init.foreign ? [] : [...userFindings, checkWorkingDirectory(process.workingDirectory, image)]),
    ...program,
    init.finding,
  ];
  const isSound = findings.every(({ severity }) => severity !== "error");
  return [
    ...findings,
    ...(prepared && isSound ? await checkPlan(prepared, built, options.initrd ? "initrd" : "layer") : []),
    ...(kernel ? checkKernel(kernel, options, needs) : []),
  ];
}

/** An image's own init is started by the kernel or by ours, as root; of a program of any other name the image's user decides. */
async function checkStart(
  name: string | undefined,
  { system, foreign }: InitSystemCheck,
  check: ProgramCheck,
): Promise<Finding[]> {
  if (foreign)
    return await checkProgram(foreign.path, { ...check, context: { ...check.context, uid: 0, gids: [] } });
  if (name !== undefined) return await checkProgram(byteString(name), check);
  // That the init which was asked for is missing is said already.
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
  if (initArchitecture(own) === undefined)
    return [
      {
        code: "platform",
        severity: "error",
        subject,
        reason: "there is an init for linux/amd64 and linux/arm64 only",
        remedy: "take the image for one of these: --platform",
      },
    ];
  const host = hostPlatform().architecture;
  const reason = "there is an init for it";
  return [
    { code: "platform", severity: "ok", subject, reason, remedy: undefined },
    ...(host === own.architecture ? [] : [foreignToHost(subject, host)]),
  ];
}

function foreignToHost(subject: string, host: string): Finding {
  return {
    code: "platform-host",
    severity: "note",
    subject,
    reason: `this machine is ${host}: here the image runs by emulation only`,
    remedy: undefined,
  };
}
