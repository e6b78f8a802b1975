import type { SecureContext } from "node:tls";

/** Client certificate and trust for one host, as PEM. */
export interface TlsSettings {
  /** Trusted instead of the authorities that Node trusts. */
  readonly ca?: string | readonly string[];
  /** Trusted besides. */
  readonly additionalCa?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
  /** Takes any certificate: whoever sits on the way can read and change everything. */
  readonly skipVerify?: boolean;
}

/** As Node's TLS takes them. */
export interface TlsOptions {
  readonly secureContext?: SecureContext;
  readonly rejectUnauthorized?: boolean;
}

/** Reads the certificates, once for all connections that the result is used for; throws Node's errors. */
export async function tlsOptions(settings: TlsSettings = {}): Promise<TlsOptions> {
  const { ca, additionalCa = [], cert, key, skipVerify = false } = settings;
  const verification = skipVerify ? { rejectUnauthorized: false } : {};
  const isUsual = ca === undefined && additionalCa.length === 0 && cert === undefined && key === undefined;
  if (isUsual) return verification;
  // With it Node reads all authorities that it trusts: not for a registry without TLS.
  const { createSecureContext, getCACertificates } = await import("node:tls");
  const trusted = [...(ca === undefined ? getCACertificates("default") : [ca].flat()), ...additionalCa];
  const secureContext = createSecureContext({
    ca: trusted,
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
  return { ...verification, secureContext };
}

/** What is said for one endpoint counts before what is said of its host; authorities of both are trusted. */
export function mergedTls(
  host: TlsSettings | undefined,
  endpoint: TlsSettings | undefined,
): TlsSettings | undefined {
  if (!host || !endpoint) return endpoint ?? host;
  const additionalCa = [...(host.additionalCa ?? []), ...(endpoint.additionalCa ?? [])];
  return { ...host, ...endpoint, additionalCa };
}
