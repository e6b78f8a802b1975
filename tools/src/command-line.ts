import { REAL_IMAGE_NAMES, type RealImageName } from "@bootlayer/test-fixtures";

/** One of the values that an argument may have; `what` names it. Throws on any other. */
export function oneOf<Value extends string>(what: string, values: readonly Value[], given: string): Value {
  const found = values.find((value) => value === given);
  if (found === undefined) throw new Error(`${what} is one of ${values.join(", ")}, not ${given}`);
  return found;
}

/** A number of runs, bytes or the like: an integer of at least one. Throws on anything else. */
export function atLeastOne(what: string, given: string): number {
  const count = Number(given);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`${what} is 1 or more, not ${given}`);
  return count;
}

/** The real images that are named, in their own order, or all of them. Throws on a name that is none. */
export function namedImages(given: readonly string[], all = REAL_IMAGE_NAMES): readonly RealImageName[] {
  if (given.length === 0) return all;
  const named = new Set(given.map((name) => oneOf("IMAGE", REAL_IMAGE_NAMES, name)));
  return REAL_IMAGE_NAMES.filter((name) => named.has(name));
}
