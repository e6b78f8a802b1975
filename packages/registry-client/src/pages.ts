import type * as z from "zod";
import { withRetries } from "./attempts.ts";
import { boundedBody } from "./bounded-body.ts";
import type { RegistryClient, RegistryRequest } from "./client.ts";
import { RegistryError } from "./errors.ts";
import { nextPage } from "./next-page.ts";
import type { HttpResponse } from "./transport.ts";

export interface Page<Content> {
  readonly content: Content;
  readonly headers: HttpResponse["headers"];
}

export interface PageRules<Content> {
  readonly schema: z.ZodType<Content>;
  readonly maxPages: number;
}

const maxPageBytes = 4 * 2 ** 20;

/**
 * The pages of a listing, one after another (distribution-spec "Listing Tags", "Listing Referrers"; RFC 8288 for Link).
 *
 * @throws {RegistryError} REGISTRY_PROTOCOL for a page that is none, for one that leads back to another or out of the
 * registry, and for too many; REGISTRY_RESPONSE_TOO_LARGE for one above 4 MiB.
 */
export async function* pages<Content>(
  client: RegistryClient,
  first: RegistryRequest,
  { schema, maxPages }: PageRules<Content>,
  signal: AbortSignal,
): AsyncGenerator<Page<Content>> {
  const { subject } = first;
  const seen = new Set<string>();
  for (let request = first; ;) {
    const { response, body } = await withRetries(client, subject, signal, async () => {
      const response = await client.send(request, signal);
      return { response, body: await boundedBody(response, maxPageBytes, subject) };
    });
    yield { content: parsePage(body, schema, response, subject), headers: response.headers };
    const next = nextPage(response.headers("link"), response.url);
    if (next === undefined) return;
    seen.add(response.url.href);
    if (next.host !== response.url.host) throw unsound(response, subject, "leads to another host");
    if (seen.has(next.href)) throw unsound(response, subject, "leads back to a page that was read");
    if (seen.size === maxPages) throw unsound(response, subject, `has more than ${maxPages} pages`);
    request = { ...first, path: next };
  }
}

function parsePage<Content>(
  body: Uint8Array,
  schema: z.ZodType<Content>,
  response: HttpResponse,
  subject: string,
): Content {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw unsound(response, subject, "is no JSON");
  }
  const { data, success } = schema.safeParse(json);
  if (!success) throw unsound(response, subject, "is not of the form that the specification gives it");
  return data;
}

function unsound({ url }: HttpResponse, subject: string, what: string): RegistryError {
  return new RegistryError(
    "REGISTRY_PROTOCOL",
    `${subject}: the answer of ${url.host} ${what}`,
    "the registry, or a proxy before it, is not set up well",
  );
}
