import openapiFetch, { type Client, type Middleware } from "openapi-fetch";
import { ClientError } from "./errors.ts";
import { refusal } from "./refusal.ts";
import type { paths } from "./schema.ts";

export interface ClientOptions {
  /** The server's address: `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  /** Of a server that asks for one. */
  readonly token?: string | undefined;
  /** In the place of the global one. */
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined;
  /** Ends all requests. */
  readonly signal?: AbortSignal | undefined;
}

/** Every route of the server by method and path, typed by its document: `client.GET("/v1/builds/{id}", { params: { path: { id } } })`. */
export type BootlayerClient = Client<paths>;

/**
 * A client of one server. Requests that the server refuses, and those that do not reach it, throw: `data` is there when one returns.
 *
 * @throws {ClientError} CLIENT_OPTIONS; of its requests: CLIENT_REFUSED, CLIENT_UNREACHABLE, CLIENT_PROTOCOL.
 */
export function createClient({ baseUrl, token, fetch, signal }: ClientOptions): BootlayerClient {
  if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol))
    throw new ClientError(
      "CLIENT_OPTIONS",
      `${JSON.stringify(baseUrl)} is no address of a server`,
      "write http://HOST:PORT, as the server prints it at its start",
    );
  const client = openapiFetch<paths>({
    baseUrl: baseUrl.replace(/\/+$/, ""),
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    fetch: async (request) => {
      const own = signal
        ? new Request(request, { signal: AbortSignal.any([signal, request.signal]) })
        : request;
      return (fetch ?? globalThis.fetch)(own);
    },
  });
  client.use(throwing(signal));
  return client;
}

/** Turns what is no success into errors, those of a caller's own signals apart. */
function throwing(signal: AbortSignal | undefined): Middleware {
  return {
    async onResponse({ request, response }) {
      if (response.ok || response.status === 304) return undefined;
      throw await refusal(request, response);
    },
    onError({ error, request }) {
      if (signal?.aborted || request.signal.aborted) return undefined;
      const { origin } = new URL(request.url);
      return new ClientError(
        "CLIENT_UNREACHABLE",
        `${origin} does not answer`,
        "see whether the server runs and whether this machine reaches it",
        { cause: error },
      );
    },
  };
}
