// So that those who compile this source from another package have it too.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./undici-agents.d.ts" />
import { lookup, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { addressReach, unbracketed, type AddressReach } from "./address-reach.ts";
import { connectionFault } from "./connection-fault.ts";
import { RegistryError } from "./errors.ts";
import { exchange, type ExchangeAnswer } from "./exchange.ts";
import { minimumRate } from "./minimum-rate.ts";
import { createTurns } from "./turns.ts";
import { mergedTls, tlsOptions, type TlsOptions, type TlsSettings } from "./tls-settings.ts";

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
  /** Before what is set for the host. */
  readonly tls?: TlsSettings | undefined;
  /** Waits for no other request, and none for it: they may be waiting for what it brings. */
  readonly isUncounted?: boolean;
}

export interface HttpResponse {
  /** Which URL answered. */
  readonly url: URL;
  readonly status: number;
  /** The values of a header, by its lowercase name. */
  readonly headers: (name: string) => readonly string[];
  /**
   * Throws typed errors. Ended early, it closes the connection. A piece's memory is used again when the next one is asked
   * for.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Frees the connection when the body is not wanted. */
  discard(): Promise<void>;
}

export interface TransportOptions {
  readonly userAgent: string;
  readonly maxConnectionsPerHost: number;
  readonly maxConnections: number;
  readonly stallMilliseconds: number;
  readonly minBytesPerSecond: number;
  readonly tls: (host: string) => TlsSettings | undefined | Promise<TlsSettings | undefined>;
  readonly proxy: (url: URL) => URL | undefined;
  /** Besides every confinement: whether a connection to this address, which `host` stands for, may be made. */
  readonly allowAddress: (address: string, host: string) => boolean;
}

/** HTTP itself: connections, TLS, time-outs, and where connections may go. It follows no redirect and knows no auth. */
export interface Transport {
  request(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
  /** How near a host was when it was last connected to; `public` if it never was. */
  reachOf(hostname: string): Exclude<AddressReach, "special">;
  close(): Promise<void>;
}

const discardedBytes = 64 * 1024;

// Loaded only when a first request is made, and without the rest of undici (fetch, WebSocket, caches, mocks), which takes
// three times as long to load: a program that reads references, or finds all that it wants at hand, should not wait for it.

async function loadAgent(): Promise<typeof import("undici").Agent> {
  return (await import("undici/lib/dispatcher/agent.js")).default;
}

/** This one does not work without the rest. */
async function loadProxyAgent(): Promise<typeof import("undici").ProxyAgent> {
  return (await import("undici")).ProxyAgent;
}

export function createTransport(options: TransportOptions): Transport {
  const dispatchers = new Map<string, Dispatcher>();
  const tlsOfHosts = new Map<string, Promise<TlsSettings | undefined>>();
  const reaches = new Map<string, AddressReach>();
  const answeredByTls = new Set<string>();
  const turns = createTurns({ perHost: options.maxConnectionsPerHost, inAll: options.maxConnections });

  async function tlsFor(url: URL): Promise<TlsSettings | undefined> {
    if (url.protocol !== "https:") return undefined;
    const known = tlsOfHosts.get(url.host) ?? Promise.resolve(url.host).then(options.tls);
    tlsOfHosts.set(url.host, known);
    return known;
  }

  async function dispatcherFor({ url, confinement, tls }: HttpRequest): Promise<Dispatcher> {
    const settings = url.protocol === "https:" ? mergedTls(await tlsFor(url), tls) : undefined;
    const proxy = options.proxy(url);
    const key = JSON.stringify([confinement, proxy?.href, settings]);
    const known = dispatchers.get(key);
    if (known) return known;
    const create = await creatorOf(proxy);
    const hostTls = await tlsOptions(settings);
    const made = dispatchers.get(key) ?? create(confinement, { ...hostTls, allowH2: false });
    dispatchers.set(key, made);
    return made;
  }

  /** Makes dispatchers without waiting for anything, so that of two requests at once only the first makes one. */
  async function creatorOf(
    proxy: URL | undefined,
  ): Promise<(confinement: Confinement, tls: TlsOptions & { readonly allowH2: false }) => Dispatcher> {
    // Of connections there may be any number: it is requests that wait for their turn, and some of them must not.
    const common = {
      headersTimeout: options.stallMilliseconds,
      bodyTimeout: options.stallMilliseconds,
      // One stream to a connection: HTTP/2 would put all blobs of a host behind one flow-control window.
      allowH2: false,
    };
    if (!proxy) {
      const Agent = await loadAgent();
      return (confinement, tls) =>
        new Agent({ ...common, connect: { ...tls, lookup: confinedLookup(confinement) } });
    }
    const ProxyAgent = await loadProxyAgent();
    const proxyTls = { ...(await tlsOptions(await tlsFor(proxy))) };
    // The proxy looks names up, in a network of its own; only addresses in URLs can be judged here.
    return (_, requestTls) => new ProxyAgent({ ...common, uri: proxy.href, requestTls, proxyTls });
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
        for (const { address } of addresses) {
          const refusal = refusalOf(address, hostname, confinement);
          if (refusal) return callback(refusal, "", 0);
        }
        if (lookupOptions.all) return callback(null, addresses);
        return callback(null, first.address, first.family);
      });
    };
  }

  function refusalOf(address: string, hostname: string, confinement: Confinement): RegistryError | undefined {
    // Most addresses are a person's own, and to be judged by nobody here.
    if (confinement !== "anywhere" && !isWithin(confinement, addressReach(address)))
      return outOfBounds(hostname);
    return options.allowAddress(address, unbracketed(hostname)) ? undefined : notAllowed(hostname);
  }

  return {
    async request(request, signal) {
      const { method, url, headers, body, confinement, isUncounted = false } = request;
      signal.throwIfAborted();
      const literal = unbracketed(url.hostname);
      if (isIP(literal) !== 0) {
        const refusal = refusalOf(literal, url.hostname, confinement);
        if (refusal) throw refusal;
      }
      const sent = outgoing(body, signal);
      try {
        const dispatcher = await dispatcherFor(request);
        const all = { "user-agent": options.userAgent, ...headers, ...sent.headers };
        const sending = { method, url, headers: all, body: sent.body };
        const end = isUncounted ? () => {} : await turns.begin(url.host, signal);
        const answer = await exchangeInTurn(dispatcher, sending, signal, end);
        if (url.protocol === "https:") answeredByTls.add(url.host);
        return {
          url,
          status: answer.status,
          headers: (name) => [answer.headers[name] ?? []].flat(),
          body: typedBody(answer.body.pieces, url, options, signal),
          discard: () => answer.body.discard(discardedBytes),
        };
      } catch (cause) {
        signal.throwIfAborted();
        const [ownFault] = sent.faults;
        const isUnproven = url.protocol === "https:" && !answeredByTls.has(url.host);
        throw ownFault ?? connectionFault(url.host, cause, { proxy: options.proxy(url)?.host, isUnproven });
      }
    },
    reachOf(hostname) {
      const literal = unbracketed(hostname);
      const reach = isIP(literal) === 0 ? reaches.get(hostname) : addressReach(literal);
      return reach === "special" ? "private" : (reach ?? "public");
    },
    async close() {
      await Promise.all(Array.from(dispatchers.values(), (dispatcher) => dispatcher.destroy()));
    },
  };
}

/** What is handed to the HTTP client; `faults` holds what the caller's own stream threw, which is no fault of the host. */
interface Outgoing {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | Readable | null;
  readonly faults: readonly Error[];
}

async function exchangeInTurn(...given: Parameters<typeof exchange>): Promise<ExchangeAnswer> {
  try {
    return await exchange(...given);
  } catch (error) {
    const [, , , end] = given;
    end();
    throw error;
  }
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
      // The HTTP client and the socket keep chunks until the host takes them; their memory is the source's again before.
      for await (const chunk of open(signal)) yield Buffer.from(chunk);
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

/** The address itself is not told: who asks for a name must not learn where in this network it leads. */
function notAllowed(hostname: string): RegistryError {
  return new RegistryError(
    "REGISTRY_ADDRESS_REFUSED",
    `${hostname} has an address that may not be connected to from here`,
    "registries on loopback, private and reserved addresses are out of bounds unless they are allowed",
  );
}
