import { ownerTag, parseOwnerTag, type ProcessOwner } from "./process-owner.ts";

/** Who made a temporary file, as its name says. */
export interface TemporaryOwner extends ProcessOwner {
  /** The file it was to become. */
  readonly baseName: string;
}

const pattern = /^\.(.+)\.([0-9a-f-]+)\.bootlayer-tmp$/;

/** The longest file name, in bytes, that Linux file systems take. */
const maxNameBytes = 255;

/** A name that no other writer uses and that tells a later run whether its writer still lives. */
export function temporaryName(baseName: string): string {
  const suffix = `.${ownerTag()}.bootlayer-tmp`;
  let kept = baseName;
  while (Buffer.byteLength(kept) + suffix.length + 1 > maxNameBytes) kept = kept.slice(0, -1);
  return `.${kept}${suffix}`;
}

export function parseTemporaryName(name: string): TemporaryOwner | undefined {
  const [, baseName, tag] = pattern.exec(name) ?? [];
  const owner = tag === undefined ? undefined : parseOwnerTag(tag);
  return owner && baseName !== undefined ? { baseName, ...owner } : undefined;
}
