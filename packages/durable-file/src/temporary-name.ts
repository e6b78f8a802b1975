import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Who made a temporary file, as its name says. */
export interface TemporaryOwner {
  /** The file it was to become. */
  readonly baseName: string;
  /** Tells machines, boots and process id name spaces apart: process ids compare only within one. */
  readonly place: string;
  readonly processId: number;
  /** When the process began, in clock ticks since boot; 0 where the system does not say. Process ids are reused. */
  readonly startTicks: number;
}

const pattern = /^\.(.+)\.([0-9a-f]{8})-(\d{1,10})-(\d{1,20})-[0-9a-f]{12}\.bootlayer-tmp$/;

/** The longest file name, in bytes, that Linux file systems take. */
const maxNameBytes = 255;

/** A name that no other writer uses and that tells a later run whether its writer still lives. */
export function temporaryName(baseName: string): string {
  const suffix = `.${placeOfThisProcess()}-${process.pid}-${startTicksOf(process.pid) ?? 0}-${randomBytes(6).toString("hex")}.bootlayer-tmp`;
  let kept = baseName;
  while (Buffer.byteLength(kept) + suffix.length + 1 > maxNameBytes) kept = kept.slice(0, -1);
  return `.${kept}${suffix}`;
}

export function parseTemporaryName(name: string): TemporaryOwner | undefined {
  const [, baseName, place, processId, startTicks] = pattern.exec(name) ?? [];
  if (baseName === undefined || place === undefined) return undefined;
  return { baseName, place, processId: Number(processId), startTicks: Number(startTicks) };
}

/** Whether the writer may still be at work; `undefined` if this process cannot tell, being elsewhere. */
export function isOwnerAlive(owner: TemporaryOwner): boolean | undefined {
  if (owner.place !== placeOfThisProcess()) return undefined;
  try {
    process.kill(owner.processId, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  const startTicks = startTicksOf(owner.processId);
  return startTicks === undefined || owner.startTicks === 0 || startTicks === owner.startTicks;
}

let place: string | undefined;

function placeOfThisProcess(): string {
  place ??= createHash("sha256")
    .update(
      [
        hostname(),
        attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
        attempt(() => readlinkSync("/proc/self/ns/pid")),
      ].join("\n"),
    )
    .digest("hex")
    .slice(0, 8);
  return place;
}

/** Field 22 of /proc/PID/stat (proc(5)); the command before it may hold blanks and parentheses. */
function startTicksOf(processId: number): number | undefined {
  const stat = attempt(() => readFileSync(`/proc/${processId}/stat`, "utf8"));
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[19]);
  return Number.isSafeInteger(ticks) && ticks > 0 ? ticks : undefined;
}

/** Systems without /proc give nothing here, and then the process id alone decides. */
function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
