import type { ProcessConfig } from "@bootlayer/image-spec";
import { bytesOf } from "@bootlayer/rootfs-tree";
import { parseGuestConfig, type GuestConfigInput } from "../src/guest-config.ts";
import type { GuestPlan, InjectedEntry, PlanOptions } from "../src/guest-plan.ts";
import { planGuest } from "../src/plan-guest.ts";
import { prepareGuest } from "../src/prepare-guest.ts";
import { expect } from "vitest";
import { doctorImage, type FixtureEntry } from "./doctor-fixtures.ts";

/** What a test says of a guest; the rest is an image for amd64 with nothing asked. */
export interface PlanFixture extends PlanOptions {
  readonly files?: Readonly<Record<string, FixtureEntry>>;
  readonly image?: ProcessConfig;
  readonly guest?: GuestConfigInput;
}

/** A program and a process, for tests of something else. */
export const oneProgram = { files: { "/bin/app": "app" }, image: { Entrypoint: ["/bin/app"] } } as const;

export async function planOf({
  files = {},
  image = {},
  guest = {},
  ...options
}: PlanFixture): Promise<GuestPlan> {
  const prepared = await prepareGuest(parseGuestConfig(guest, "guest.yaml"), {
    platform: { os: "linux", architecture: "amd64" },
  });
  return await planGuest(prepared, doctorImage(files, image), options);
}

/** What a plan puts in at a path, from the root without a slash. */
export function entryAt(plan: GuestPlan, path: string): InjectedEntry | undefined {
  return plan.entries.find((entry) => entry.path === path);
}

export function textAt(plan: GuestPlan, path: string): string | undefined {
  const entry = entryAt(plan, path);
  if (entry?.kind === "symlink") return `-> ${Buffer.from(bytesOf(entry.target)).toString()}`;
  return entry?.kind === "file" && entry.content.kind === "bytes"
    ? Buffer.from(entry.content.bytes).toString()
    : undefined;
}

export function pathsOf(plan: GuestPlan): string[] {
  return plan.entries.map(({ path }) => path);
}

/** Of a refusal: its code, and words of its message. */
export function refusal(code: string, words: string): object {
  return { code, message: expect.stringContaining(words) as string };
}
