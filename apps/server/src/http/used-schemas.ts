import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";

type Document = ReturnType<NonNullable<FastifyDynamicSwaggerOptions["transformObject"]>>;

/** Takes out schemas that nothing in the document leads to: each is there twice at first, as it is sent and as it is answered. */
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
  for (const name of Object.keys(schemas)) if (!used.has(name)) Reflect.deleteProperty(schemas, name);
  return document;
}

function referenced(part: unknown): string[] {
  const references = JSON.stringify(part ?? null).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g);
  return [...references].map(([, name = ""]) => name);
}
