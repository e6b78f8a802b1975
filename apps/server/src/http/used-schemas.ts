import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";

type Document = ReturnType<NonNullable<FastifyDynamicSwaggerOptions["transformObject"]>>;

/** Takes out schemas that nothing in the document leads to: each is there as it is sent and as it is answered, wanted or not. */
export function withUsedSchemas(document: Document): Document {
  if (!("components" in document)) return document;
  const { components, ...rest } = document;
  const schemas: Record<string, unknown> = components?.schemas ?? {};
  const used = new Set<string>();
  const pending = referenced(rest);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (used.has(name)) continue;
    used.add(name);
    pending.push(...referenced(schemas[name]));
  }
  // By name, whatever order modules were loaded in.
  for (const [name, schema] of Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    Reflect.deleteProperty(schemas, name);
    if (used.has(name)) schemas[name] = schema;
  }
  return document;
}

function referenced(part: unknown): string[] {
  const references = JSON.stringify(part ?? null).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g);
  return [...references].map(([, name = ""]) => name);
}
