import { expect } from "vitest";
import * as z from "zod";
import { apiDocument } from "../src/http/api-document.ts";

interface Reference {
  readonly $ref: string;
}

interface DocumentedAnswer {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly responses: Readonly<Record<string, DocumentedAnswer | Reference>> }>>
    >
  >;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly responses: Readonly<Record<string, DocumentedAnswer>>;
  };
}

/** An answer as it came over the wire. */
export interface AnswerOnWire {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly mediaType: string | undefined;
  readonly body: string;
}

export interface Contract {
  /** Holds an answer against what the document says of it: status, media type, and the shape of JSON and of events. */
  check(answer: AnswerOnWire): void;
  /** Reads an answer to its end, holds it against the document, and gives its body. */
  read(method: string, path: string, response: Response): Promise<string>;
}

export async function openContract(): Promise<Contract> {
  const { paths, components } = (await apiDocument()) as Document;
  const $defs = JSON.parse(withLocalReferences(components.schemas)) as Record<
    string,
    z.core.JSONSchema.JSONSchema
  >;
  const check = ({ method, path, status, mediaType, body }: AnswerOnWire): void => {
    const [template, operations] =
      Object.entries(paths).find(([template]) =>
        new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path.split("?", 1)[0] ?? ""),
      ) ?? [];
    const operation = operations?.[method.toLowerCase()];
    // Of a path or method that is none there is nothing to be said.
    if (!operation) return;
    const said = operation.responses[status];
    expect(said, `${method} ${template} answers ${status}, which is not in the document`).toBeDefined();
    if (!said) return;
    const response = "$ref" in said ? components.responses[said.$ref.split("/").at(-1) ?? ""] : said;
    expect(response, `${method} ${template} ${status} refers to nothing`).toBeDefined();
    const kinds = response?.content ?? {};
    if (body === "") {
      expect(Object.keys(kinds), `${method} ${template} ${status}`).toEqual([]);
      return;
    }
    const kind = kinds[mediaType ?? ""];
    expect(kind, `${method} ${template} answers ${status} as ${mediaType}`).toBeDefined();
    if (!kind) return;
    const schema = z.fromJSONSchema({ ...(JSON.parse(withLocalReferences(kind.schema)) as object), $defs });
    for (const value of valuesOf(mediaType ?? "", body)) {
      const { error } = schema.safeParse(value);
      expect(
        error,
        `${method} ${template} ${status}: ${JSON.stringify(value).slice(0, 500)}`,
      ).toBeUndefined();
    }
  };
  return {
    check,
    async read(method, path, response) {
      const body = await response.text();
      const mediaType = response.headers.get("content-type")?.split(";", 1)[0];
      check({ method, path, status: response.status, mediaType, body });
      return body;
    },
  };
}

/** What of a body the document has a shape for. */
function valuesOf(mediaType: string, body: string): readonly unknown[] {
  if (mediaType.includes("json")) return [JSON.parse(body)];
  if (mediaType !== "text/event-stream") return [];
  return [...body.matchAll(/^id: (\d+)\nevent: (.*)\ndata: (.*)\n\n/gm)].map(([, id, kind, data = ""]) => ({
    sequence: Number(id),
    kind,
    data: JSON.parse(data) as unknown,
  }));
}

function withLocalReferences(schema: object): string {
  return JSON.stringify(schema).replaceAll("#/components/schemas/", "#/$defs/");
}
