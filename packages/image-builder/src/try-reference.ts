import { parseReference, type Reference } from "@bootlayer/registry-client";

/** What names an image in a registry, or else is a name of some other tool's. */
export function tryReference(name: string): Reference | undefined {
  try {
    return parseReference(name);
  } catch {
    return undefined;
  }
}
