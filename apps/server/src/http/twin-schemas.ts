import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";

type Document = ReturnType<NonNullable<FastifyDynamicSwaggerOptions["transformObject"]>>;

/**
 * Leaves one of two schemas that say the same of what is sent (`XInput`) and of what is answered (`X`), and lets all refer to that one.
 * They differ where a member has a default: it may be left out, and is always there in an answer.
 */
export function withoutTwinSchemas(document: Document): Document {
  if (!("components" in document)) return document;
  const schemas: Readonly<Record<string, unknown>> = document.components?.schemas ?? {};
  const twins = new Set(Object.keys(schemas).filter((name) => `${name}Input` in schemas));
  const merged = (part: unknown): string =>
    JSON.stringify(part).replaceAll(/(#\/components\/schemas\/)(\w+)Input"/g, (whole, start, name) =>
      twins.has(name) ? `${start}${name}"` : whole,
    );
  // One that differs makes those differ that refer to it.
  for (let known = -1; known !== twins.size;) {
    known = twins.size;
    for (const name of twins)
      if (merged(schemas[name]) !== merged(schemas[`${name}Input`])) twins.delete(name);
  }
  for (const name of twins) Reflect.deleteProperty(schemas, `${name}Input`);
  const result: Document = JSON.parse(merged(document));
  return result;
}
