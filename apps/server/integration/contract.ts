import { expect } from "vitest";
import * as z from "zod";
import { apiDocument } from "../src/http/api-document.ts";

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** An answer as it came over the wire. */
export interface AnswerOnWire {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly mediaType: string | undefined;
  readonly body: string;
}

/** Holds answers against what the document says of them: status, media type, and the shape of JSON. */
export async function openContract(): Promise<{ check(answer: AnswerOnWire): void }> {
  const { paths, components } = (await apiDocument()) as Document;
  const $defs = JSON.parse(withLocalReferences(components.schemas)) as Record<
    string,
    z.core.JSONSchema.JSONSchema
  >;
  return {
    check({ method, path, status, mediaType, body }) {
      const [template, operations] =
        Object.entries(paths).find(([template]) =>
          new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path.split("?", 1)[0] ?? ""),
        ) ?? [];
      const operation = operations?.[method.toLowerCase()];
      // Of a path or method that is none there is nothing to be said.
      if (!operation) return;
      const response = operation.responses[status];
      expect(response, `${method} ${template} answers ${status}, which is not in the document`).toBeDefined();
      const kinds = response?.content ?? {};
      if (body === "") {
        expect(Object.keys(kinds), `${method} ${template} ${status}`).toEqual([]);
        return;
      }
      const kind = kinds[mediaType ?? ""];
      expect(kind, `${method} ${template} answers ${status} as ${mediaType}`).toBeDefined();
      if (!kind || !mediaType?.includes("json")) return;
      const schema = JSON.parse(withLocalReferences(kind.schema)) as object;
      const { error } = z.fromJSONSchema({ ...schema, $defs }).safeParse(JSON.parse(body));
      expect(error, `${method} ${template} ${status}: ${body.slice(0, 500)}`).toBeUndefined();
    },
  };
}

function withLocalReferences(schema: object): string {
  return JSON.stringify(schema).replaceAll("#/components/schemas/", "#/$defs/");
}
