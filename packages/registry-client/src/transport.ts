import { lookup, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Readable } from "node:stream";
import type { Agent, Pool } from "undici";
import { addressReach, unbracketed, type AddressReach } from "./address-reach.ts";
import { connectionFault } from "./connection-fault.ts";
import { RegistryError } from "./errors.ts";
import { minimumRate } from "./minimum-rate.ts";

/**
 * Which addresses a request may go to. `anywhere` is for hosts that a person named; the others for hosts that a server
 * named, and stand for an address at most as near as theirs: `loopback`, `private` or `public`.
 */
export type Confinement = "anywhere" | Exclude<AddressReach, "special">;

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What a request sends: a small text or bytes, or exactly `length` bytes of a stream, opened anew for each attempt. */
export type RequestBody =
  | string
  | Uint8Array
  | { readonly length: number; readonly open: (signal: AbortSignal) => AsyncIterable<Uint8Array> };

export interface HttpRequest {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody | undefined;
  readonly confinement: Confinement;
}

export interface HttpResponse {
  /** Which URL answered. */
  readonly url: URL;
  readonly status: number;
  /** The values of a header, by its lowercase name. */
  readonly headers: (name: string) => readonly string[];
  /** Throws typed errors. Ended early, it closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Frees the connection when the body is not wanted. */
  discard(): Promise<void>;
}

/** Client certificate and trust for one host, as PEM. */
export interface TlsSettings {
  /** Trusted instead of the system's authorities. */
  readonly ca?: string | readonly string[];
  readonly cert?: string;
  readonly key?: string;
}

export interface TransportOptions {
  readonly userAgent: string;
  readonly maxConnectionsPerHost: number;
  readonly stallMilliseconds: number;
  readonly minBytesPerSecond: number;
  readonly tls: (host: string) => TlsSettings | undefined;
}

/** HTTP itself: connections, TLS, time-outs, and where connections may go. It follows no redirect and knows no auth. */
export interface Transport {
  request(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
  /** How near a host was when it was last connected to; `public` if it never was. */
  reachOf(hostname: string): Exclude<AddressReach, "special">;
  close(): Promise<void>;
}

const discardedBytes = 64 * 1024;

type Undici = typeof import("undici");

/** Only when a first request is made: a program that reads references should not wait for an HTTP client to load. */
function loadUndici(): Promise<Undici> {
  return import("undici");
}

export function createTransport(options: TransportOptions): Transport {
  const agents = new Map<Confinement, Agent>();
  const reaches = new Map<string, AddressReach>();

  function agentFor(confinement: Confinement, undici: Undici): Agent {
    const agent = agents.get(confinement) ?? createAgent(confinement, undici);
    agents.set(confinement, agent);
    return agent;
  }

  function createAgent(confinement: Confinement, undici: Undici): Agent {
    return new undici.Agent({
      connections: options.maxConnectionsPerHost,
      headersTimeout: options.stallMilliseconds,
      bodyTimeout: options.stallMilliseconds,
      // One stream to a connection: HTTP/2 would put all blobs of a host behind one flow-control window.
      allowH2: false,
      factory: (origin, pool: Pool.Options) => {
        const { ca, cert, key } = options.tls(new URL(origin).host) ?? {};
        return new undici.Pool(origin, {
          ...pool,
          connect: {
            allowH2: false,
            lookup: confinedLookup(confinement),
            ...(ca === undefined ? {} : { ca: typeof ca === "string" ? ca : [...ca] }),
            ...(cert === undefined ? {} : { cert }),
            ...(key === undefined ? {} : { key }),
          },
        });
      },
    });
  }

  /** Judges the very addresses that will be connected to: a check ahead of the look-up could be answered otherwise. */
  function confinedLookup(confinement: Confinement): LookupFunction {
    return (hostname, lookupOptions, callback) => {
      lookup(hostname, { ...lookupOptions, all: true }, (error, addresses) => {
        if (error) return callback(error, "", 0);
        const [first] = addresses;
        if (first === undefined) return callback(new Error(`${hostname} has no address`), "", 0);
        const nearest = farthestReach(addresses);
        if (confinement === "anywhere") reaches.set(hostname, nearest);
        const refused = addresses.find(({ address }) => !isWithin(confinement, addressReach(address)));
        if (refused) return callback(outOfBounds(hostname), "", 0);
        if (lookupOptions.all) return callback(null, addresses);
        return callback(null, first.address, first.family);
      });
    };
  }

  return {
    async request({ method, url, headers, body, confinement }, signal) {
      signal.throwIfAborted();
      const literal = unbracketed(url.hostname);
      if (isIP(literal) !== 0 && !isWithin(confinement, addressReach(literal)))
        throw outOfBounds(url.hostname);
      const undici = await loadUndici();
      const sent = outgoing(body, signal);
      try {
        const response = await undici.request(url, {
          dispatcher: agentFor(confinement, undici),
          method,
          headers: { "user-agent": options.userAgent, ...headers, ...sent.headers },
          body: sent.body,
          signal,
        });
        return {
          url,
          status: response.statusCode,
          headers: (name) => [response.headers[name] ?? []].flat(),
          body: typedBody(response.body, url, options, signal),
          async discard() {
            await response.body.dump({ limit: discardedBytes }).catch(() => {});
          },
        };
      } catch (cause) {
        signal.throwIfAborted();
        const [ownFault] = sent.faults;
        throw ownFault ?? connectionFault(url.host, cause);
      }
    },
    reachOf(hostname) {
      const literal = unbracketed(hostname);
      const reach = isIP(literal) === 0 ? reaches.get(hostname) : addressReach(literal);
      return reach === "special" ? "private" : (reach ?? "public");
    },
    async close() {
      await Promise.all(Array.from(agents.values(), (agent) => agent.destroy()));
    },
  };
}

/** What is handed to the HTTP client; `faults` holds what the caller's own stream threw, which is no fault of the host. */
interface Outgoing {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | Readable | null;
  readonly faults: readonly Error[];
}

function outgoing(body: RequestBody | undefined, signal: AbortSignal): Outgoing {
  if (body === undefined) return { headers: {}, body: null, faults: [] };
  if (typeof body === "string" || body instanceof Uint8Array) return { headers: {}, body, faults: [] };
  const { length, open } = body;
  const headers = { "content-length": String(length) };
  // The HTTP client would not open an empty stream.
  if (length === 0) return { headers, body: null, faults: [] };
  const faults: Error[] = [];
  async function* observed(): AsyncGenerator<Uint8Array> {
    try {
      yield* open(signal);
    } catch (cause) {
      const fault = cause instanceof Error ? cause : new Error("the body cannot be read", { cause });
      faults.push(fault);
      throw fault;
    }
  }
  return { headers, body: Readable.from(observed(), { objectMode: false }), faults };
}

async function* typedBody(
  body: AsyncIterable<Uint8Array>,
  url: URL,
  limits: TransportOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* minimumRate(body, limits, url.host);
  } catch (cause) {
    signal.throwIfAborted();
    throw connectionFault(url.host, cause);
  }
}

const nearness: Readonly<Record<Confinement, number>> = { anywhere: 3, loopback: 2, private: 1, public: 0 };

function isWithin(confinement: Confinement, reach: AddressReach): boolean {
  if (confinement === "anywhere") return true;
  return reach !== "special" && nearness[reach] <= nearness[confinement];
}

/** A host counts as near only if all of its addresses are. */
function farthestReach(addresses: readonly LookupAddress[]): AddressReach {
  const found = new Set(addresses.map(({ address }) => addressReach(address)));
  return (["public", "private", "loopback"] as const).find((reach) => found.has(reach)) ?? "special";
}

function outOfBounds(hostname: string): RegistryError {
  return new RegistryError(
    "REGISTRY_ADDRESS_REFUSED",
    `${hostname} has an address that a server may not send this machine to`,
    "the registry names a place inside your network, which only a registry inside of it may do",
  );
}
