import { diagnoseImage, formatPlatform, type Diagnosis, type LaunchFormat } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import { diskOptionsOf, type DiskFlags } from "../disk-flags.ts";
import { exitCodes } from "../exit-code.ts";
import { environmentOf } from "../environment.ts";
import { limitsOf, type LayerFlags } from "../flags.ts";
import { formatTable } from "../format.ts";
import { guestConfigOf } from "../guest-config.ts";
import type { GuestFlags } from "../guest-flags.ts";
import { withProgress } from "../progress/with-progress.ts";

export interface DoctorFlags extends LayerFlags, GuestFlags, Pick<DiskFlags, "format" | "compression"> {
  readonly kernel?: string;
  readonly machine?: LaunchFormat;
  readonly initAs?: "layer" | "initrd";
}

export async function doctor(this: CliContext, flags: DoctorFlags, source: string): Promise<void> {
  const diagnosis = await withProgress(this, flags.progress, async (progress) => {
    const config = await guestConfigOf(flags);
    return diagnoseImage(
      {
        source,
        platform: flags.platform,
        kernel: flags.kernel,
        machine: flags.machine,
        disk: diskOptionsOf({ ...flags, selinuxLabels: true }),
        limits: limitsOf(flags),
        // No initrd is written: the doctor only wants to know of it.
        guest: flags.initAs === "initrd" ? { as: "initrd", initrd: "initrd", config } : { config },
      },
      environmentOf(flags, this, progress),
    );
  });
  this.process.stdout.write(
    flags.json ? `${JSON.stringify(diagnosisJson(diagnosis))}\n` : diagnosisText(diagnosis),
  );
  if (!diagnosis.boots) this.endWith(exitCodes.badImage);
}

/** The object of `--json`; docs/cli.md describes its members. */
function diagnosisJson({ kernel, platform, ...diagnosis }: Diagnosis): object {
  return {
    ...diagnosis,
    platform: formatPlatform(platform),
    kernel: kernel && { path: kernel.path, version: kernel.version, architecture: kernel.architecture },
  };
}

function diagnosisText({ findings, boots }: Diagnosis): string {
  const rows = findings.flatMap(({ severity, subject, reason, remedy }) => [
    [severity, subject, reason],
    ...(remedy === undefined ? [] : [["", "", `-> ${remedy}`]]),
  ]);
  return `${formatTable(rows)}${boots ? "nothing keeps this image from booting" : "this image will not boot as things stand"}\n`;
}
