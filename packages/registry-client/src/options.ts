import * as z from "zod";
import type { CredentialSource } from "./auth/credentials.ts";
import { systemClock, type Clock } from "./clock.ts";
import type { PlainHttp } from "./endpoint.ts";
import { RegistryError } from "./errors.ts";
import type { RegistryEvent } from "./events.ts";
import type { RetryPolicy } from "./retry.ts";
import type { RouteSource } from "./route.ts";
import type { ProxySource } from "./settings/proxy-environment.ts";
import type { TlsSettings } from "./tls-settings.ts";

/** What a registry client may be told; all of it has defaults. */
export interface RegistryClientOptions {
  /** Hosts (`host[:port]`) spoken to without TLS: all, none, or by name. Absent: loopback only. */
  readonly plainHttp?: PlainHttp;
  /** Absent: anonymous. See `dockerConfigCredentials` for what `docker login` wrote. */
  readonly credentials?: CredentialSource;
  /** By the host that is really asked, where that is a mirror: `credentials` never go there. Absent: anonymous. */
  readonly mirrorCredentials?: CredentialSource;
  /** Mirrors, and registries that are elsewhere than their names say. See `registrySettings` for the machine's. */
  readonly routes?: RouteSource;
  /** The proxy for a URL. Absent: none, whatever the environment says; see `registrySettings`. */
  readonly proxy?: ProxySource;
  /** Further hosts that a registry's credentials may be sent to, when it names them as its token server. */
  readonly tokenHosts?: (registryHost: string) => readonly string[];
  /** Trust and client certificate by `host[:port]`. Absent: the authorities that Node trusts. */
  readonly tls?: (host: string) => TlsSettings | undefined | Promise<TlsSettings | undefined>;
  /** For the registry itself besides, and for no other host: a client certificate. */
  readonly registryTls?: () => Promise<TlsSettings | undefined>;
  /**
   * Asked for every connection, redirects, token servers and mirrors included, with the very address (an IP literal) that will be
   * connected to and the host that it was found for: false is REGISTRY_ADDRESS_REFUSED. A host of which one address is refused is
   * refused. Behind a proxy, which looks names up itself, only addresses in URLs are asked about. Absent: all may be.
   */
  readonly allowAddress?: (address: string, host: string) => boolean;
  readonly userAgent?: string;
  /** Requests under way to one host at a time; further ones wait. 6 if absent. */
  readonly maxConnectionsPerHost?: number;
  /**
   * The same to all hosts together, as mirrors and storage are: 16 if absent. A request that waits for its host keeps none of
   * another host waiting. Uploads of blobs are counted by themselves, by both limits, since their bytes may come by this client too;
   * requests for tokens not at all.
   */
  readonly maxConnections?: number;
  /**
   * Ranges of one blob asked for at once, once its first stream has proved slow and the registry to know ranges. 3 if absent, 1 for
   * none. Each takes 4 MiB of memory.
   */
  readonly parallelRanges?: number;
  /** A stream of less is slow, and its blob worth splitting. 8 MiB if absent: several blobs come at once anyway. */
  readonly slowBytesPerSecond?: number;
  /** A connection that sends nothing for this long has failed. 30,000 if absent. */
  readonly stallMilliseconds?: number;
  /** Also failed is one that sends less than this, averaged over the stall time. 256 if absent. */
  readonly minBytesPerSecond?: number;
  readonly retry?: Partial<RetryPolicy>;
  readonly onEvent?: (event: RegistryEvent) => void;
  readonly clock?: Clock;
}

export interface ResolvedOptions {
  readonly plainHttp?: PlainHttp;
  readonly credentials: CredentialSource;
  readonly mirrorCredentials: CredentialSource;
  readonly routes: RouteSource;
  readonly proxy: ProxySource;
  readonly tokenHosts: (registryHost: string) => readonly string[];
  readonly tls: NonNullable<RegistryClientOptions["tls"]>;
  readonly registryTls: () => Promise<TlsSettings | undefined>;
  readonly allowAddress: (address: string, host: string) => boolean;
  readonly userAgent: string;
  readonly maxConnectionsPerHost: number;
  readonly maxConnections: number;
  readonly parallelRanges: number;
  readonly slowBytesPerSecond: number;
  readonly stallMilliseconds: number;
  readonly minBytesPerSecond: number;
  readonly retry: RetryPolicy;
  readonly onEvent: (event: RegistryEvent) => void;
  readonly clock: Clock;
}

function callable<Type>(): z.ZodType<Type> {
  return z.custom<Type>((value) => typeof value === "function", "must be a function");
}

const milliseconds = z
  .int()
  .nonnegative()
  .max(2 ** 31 - 1);

const optionsSchema: z.ZodType<ResolvedOptions> = z.strictObject({
  plainHttp: z.union([z.boolean(), callable<(host: string) => boolean>()]).optional(),
  credentials: callable<CredentialSource>().default(() => async () => undefined),
  mirrorCredentials: callable<CredentialSource>().default(() => async () => undefined),
  routes: callable<RouteSource>().default(() => async () => undefined),
  proxy: callable<ProxySource>().default(() => () => undefined),
  tokenHosts: callable<ResolvedOptions["tokenHosts"]>().default(() => () => []),
  tls: callable<ResolvedOptions["tls"]>().default(() => () => undefined),
  registryTls: callable<ResolvedOptions["registryTls"]>().default(() => async () => undefined),
  allowAddress: callable<ResolvedOptions["allowAddress"]>().default(() => () => true),
  userAgent: z
    .string()
    .regex(/^[\x20-\x7e]{1,200}$/)
    .default("bootlayer"),
  maxConnectionsPerHost: z.int().min(1).max(256).default(6),
  maxConnections: z.int().min(1).max(1024).default(16),
  parallelRanges: z.int().min(1).max(16).default(3),
  slowBytesPerSecond: z
    .int()
    .nonnegative()
    .default(8 * 2 ** 20),
  stallMilliseconds: milliseconds.min(1).default(30_000),
  minBytesPerSecond: z.int().nonnegative().default(256),
  retry: z
    .strictObject({
      attempts: z.int().min(1).max(100).default(5),
      baseMilliseconds: milliseconds.default(500),
      capMilliseconds: milliseconds.default(15_000),
      maxRetryAfterMilliseconds: milliseconds.default(60_000),
    })
    .prefault({}),
  onEvent: callable<ResolvedOptions["onEvent"]>().default(() => () => {}),
  clock: z
    .custom<Clock>((value) => typeof value === "object" && value !== null, "must be a clock")
    .default(systemClock),
});

/** @throws {RegistryError} REGISTRY_OPTIONS. */
export function parseOptions(input: RegistryClientOptions): ResolvedOptions {
  const { data, error: cause } = optionsSchema.safeParse(input);
  if (cause)
    throw new RegistryError("REGISTRY_OPTIONS", z.prettifyError(cause), "see RegistryClientOptions", {
      cause,
    });
  return data;
}
