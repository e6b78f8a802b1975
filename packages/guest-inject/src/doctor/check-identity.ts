import { isBootlayerError } from "@bootlayer/errors";
import { byteString, displayText, type ByteString } from "@bootlayer/rootfs-tree";
import { resolveUser, type ResolvedUser } from "../passwd.ts";
import type { DoctorImage } from "./doctor-image.ts";
import { follow } from "./find-program.ts";
import type { Finding } from "./finding.ts";
import { readImageFile } from "./read-image-file.ts";

export interface IdentityCheck {
  /** Root, where the user does not resolve. */
  readonly user: Pick<ResolvedUser, "uid" | "gid" | "groups">;
  readonly findings: readonly Finding[];
}

/** Whether USER names somebody, by the image's own /etc/passwd and /etc/group. */
export async function checkUser(user: string, image: DoctorImage): Promise<IdentityCheck> {
  const passwd = await readImageFile(byteString("/etc/passwd"), image);
  const group = await readImageFile(byteString("/etc/group"), image);
  const subject = user === "" ? "USER" : `USER ${displayText(byteString(user))}`;
  try {
    const resolved = resolveUser(user, passwd, group);
    const { uid, gid, groups } = resolved;
    const others = groups.filter((other) => other !== gid);
    const also = others.length === 0 ? "" : `, groups ${others.join(", ")}`;
    return {
      user: resolved,
      findings: [
        { code: "user", severity: "ok", subject, reason: `uid ${uid}, gid ${gid}${also}`, remedy: undefined },
      ],
    };
  } catch (error) {
    if (!isBootlayerError(error)) throw error;
    return {
      user: { uid: 0, gid: 0, groups: [] },
      findings: [{ code: "user", severity: "error", subject, reason: error.message, remedy: error.hint }],
    };
  }
}

/** Whether the program can start where WorkingDir says. A missing directory is made by the init, as by container runtimes. */
export function checkWorkingDirectory(directory: string, { root }: DoctorImage): Finding {
  const path = byteString(directory);
  const subject = `WorkingDir ${displayText(path)}`;
  const base = { code: "working-directory", subject } as const;
  const answer = follow(path, { root, workingDirectory: "/" as ByteString });
  if (answer?.kind === "found" && answer.node.kind === "directory")
    return { ...base, severity: "ok", reason: "it is there", remedy: undefined };
  if (answer?.kind === "missing")
    return {
      ...base,
      severity: "note",
      reason: "it is not in the image; the init makes it",
      remedy: undefined,
    };
  return {
    ...base,
    severity: "error",
    reason: answer ? "it is no directory, or lies in none" : "its symlinks point at each other",
    remedy: "name a directory",
  };
}
