import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process, told apart from every other one on any machine, as the name of a file that it made says. */
export interface ProcessOwner {
  /** Tells machines, boots and process id name spaces apart: process ids compare only within one. */
  readonly place: string;
  readonly processId: number;
  /** When the process began, in clock ticks since boot; 0 where the system does not say. Process ids are reused. */
  readonly startTicks: number;
}

const pattern = /^([0-9a-f]{8})-(\d{1,10})-(\d{1,20})-[0-9a-f]{12}$/;

/** A part of a file name that says which process made it, different at each call. */
export function ownerTag(): string {
  const random = randomBytes(6).toString("hex");
  return `${placeOfThisProcess()}-${process.pid}-${startTicksOf(process.pid) ?? 0}-${random}`;
}

export function parseOwnerTag(tag: string): ProcessOwner | undefined {
  const [, place, processId, startTicks] = pattern.exec(tag) ?? [];
  if (place === undefined) return undefined;
  return { place, processId: Number(processId), startTicks: Number(startTicks) };
}

/** Whether the process may still be at work; `undefined` if this process cannot tell, being elsewhere. */
export function isOwnerAlive(owner: ProcessOwner): boolean | undefined {
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
