import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import { problemMediaType, titleOf } from "./problem.ts";

type Document = ReturnType<NonNullable<FastifyDynamicSwaggerOptions["transformObject"]>>;

/**
 * Writes what several routes have the same once, in the document's components, and refers to it: the answers that are problems, by the
 * title of their status, and parameters, by their name.
 */
export function withSharedComponents(document: Document): Document {
  if (!("openapi" in document)) return document;
  const answers: Place[] = [];
  const parameters: Place[] = [];
  for (const path of Object.values(document.paths ?? {}))
    for (const operation of Object.values(path ?? {})) {
      if (typeof operation !== "object" || !("responses" in operation)) continue;
      const { responses, parameters: asked = [] } = operation;
      for (const [status, part] of Object.entries(responses))
        if ("content" in part && part.content?.[problemMediaType])
          answers.push({
            name: titleOf(Number(status)).replaceAll(" ", ""),
            part,
            replace: (reference) => (responses[status] = reference),
          });
      for (const [index, part] of asked.entries())
        if ("name" in part)
          parameters.push({
            name: part.name,
            part,
            replace: (reference) => (asked[index] = reference),
          });
    }
  const shared = {
    responses: shareRepeated("responses", answers),
    parameters: shareRepeated("parameters", parameters),
  };
  return Object.assign(document, { components: { ...document.components, ...shared } });
}

/** Where a part stands that may stand elsewhere too. */
interface Place {
  readonly name: string;
  readonly part: object;
  replace(reference: { $ref: string }): void;
}

/** Parts that stand in more than one place, by name. Where one name has several such, the others stay where they are. */
function shareRepeated(kind: string, places: readonly Place[]): Record<string, object> {
  const shared = new Map<string, object>();
  for (const same of Map.groupBy(places, ({ name, part }) => `${name} ${JSON.stringify(part)}`).values()) {
    const [{ name, part } = {}] = same;
    if (same.length === 1 || name === undefined || part === undefined || shared.has(name)) continue;
    shared.set(name, part);
    for (const place of same) place.replace({ $ref: `#/components/${kind}/${name}` });
  }
  return Object.fromEntries([...shared].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
