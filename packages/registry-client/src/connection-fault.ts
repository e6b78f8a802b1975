import { RegistryError, type RegistryErrorCode } from "./errors.ts";

type Fault = readonly [code: RegistryErrorCode, what: string, hint: string, isTransient: boolean];

const unreachable: Fault = [
  "REGISTRY_UNREACHABLE",
  "cannot be reached",
  "check the name, the network and the proxy",
  true,
];
const interrupted: Fault = ["REGISTRY_INTERRUPTED", "broke off the connection", "try again", true];
/**
 * By TLS 1.3 a client is done, and has sent its request, before the host has judged its certificate. Of the alert that says why it
 * hangs up then, the HTTP client tells nothing.
 */
const cutOff: Fault = [
  "REGISTRY_INTERRUPTED",
  "broke off the connection before it answered anything",
  "try again; if it always does, it may let in nobody without a certificate that it trusts: give that, and its key",
  true,
];
const stalled: Fault = [
  "REGISTRY_STALLED",
  "sent nothing for too long",
  "try again, or raise the stall limit",
  true,
];

const faults: Readonly<Record<string, Fault>> = {
  ENOTFOUND: [
    "REGISTRY_UNREACHABLE",
    "has no address",
    "check the spelling of the registry's host, and the network",
    false,
  ],
  EAI_AGAIN: unreachable,
  ECONNREFUSED: [
    "REGISTRY_UNREACHABLE",
    "refuses connections",
    "check that the registry runs and the port is right",
    true,
  ],
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ETIMEDOUT: unreachable,
  UND_ERR_CONNECT_TIMEOUT: unreachable,
  ECONNRESET: interrupted,
  EPIPE: interrupted,
  UND_ERR_SOCKET: interrupted,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: interrupted,
  HPE_INVALID_EOF_STATE: interrupted,
  UND_ERR_HEADERS_TIMEOUT: stalled,
  UND_ERR_BODY_TIMEOUT: stalled,
  UND_ERR_HEADERS_OVERFLOW: [
    "REGISTRY_PROTOCOL",
    "sent too many headers",
    "this is no sound registry",
    false,
  ],
  UND_ERR_CLOSED: [
    "REGISTRY_CLOSED",
    "was asked after the client was closed",
    "use a client until it is closed",
    false,
  ],
  UND_ERR_DESTROYED: [
    "REGISTRY_CLOSED",
    "was asked after the client was closed",
    "use a client until it is closed",
    false,
  ],
};

const tlsCode =
  /^(ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_OSSL_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

/** What the other side says of the certificate that was shown to it, or was not (RFC 8446, 6.2): an alert is always its word. */
const certificateAlert =
  /^ERR_SSL_\S*_ALERT_(CERTIFICATE_(REQUIRED|REVOKED|EXPIRED|UNKNOWN)|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA)$/;

/** What fails on the way to a proxy, or is said by it instead of the host behind it. */
const proxyCode =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_(CONNECT_TIMEOUT|ABORTED|INVALID_ARG|PRX_\w+|SOCKS5\w*))$/;

/** What is known of a connection that failed. */
export interface FailedConnection {
  /** The proxy that it went through. */
  readonly proxy?: string | undefined;
  /** Whether it was to speak TLS with a host that has not answered anything yet. */
  readonly isUnproven?: boolean;
}

/** Turns what the HTTP client threw while talking to `host` into a typed error. */
export function connectionFault(
  host: string,
  cause: unknown,
  { proxy, isUnproven = false }: FailedConnection = {},
): RegistryError {
  if (cause instanceof RegistryError) return cause;
  const code = systemCode(cause);
  if (proxy !== undefined && proxyCode.test(code))
    return new RegistryError(
      "REGISTRY_PROXY",
      `the proxy ${proxy} cannot be reached, or does not let through to ${host} (${proxyAnswer(cause) ?? code})`,
      "check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, and whether NO_PROXY should name the host",
      { cause, isTransient: !/^UND_ERR_(ABORTED|INVALID_ARG)$/.test(code) },
    );
  const fault = faults[code] ?? otherFault(code);
  const [errorCode, what, hint, isTransient] = fault === interrupted && isUnproven ? cutOff : fault;
  return new RegistryError(errorCode, `${host} ${what} (${code})`, hint, { cause, isTransient });
}

/** The status that a proxy gave: its client says it in words alone. */
function proxyAnswer(cause: unknown): string | undefined {
  return cause instanceof Error ? /\((\d{3})\)/.exec(cause.message)?.[1] : undefined;
}

function otherFault(code: string): Fault {
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG")
    return [
      "REGISTRY_TLS",
      "does not speak TLS",
      "if it is a registry without TLS that you trust, allow plain HTTP for it",
      false,
    ];
  if (certificateAlert.test(code))
    return [
      "REGISTRY_UNAUTHORIZED",
      "lets in nobody without a certificate that it trusts",
      "give the certificate, and its key, that the registry knows this machine by",
      false,
    ];
  if (/^ERR_SSL_\S*_ALERT_HANDSHAKE_FAILURE$/.test(code))
    return [
      "REGISTRY_TLS",
      "refuses the TLS handshake",
      "it may want another version of TLS, or a certificate that it knows this machine by",
      false,
    ];
  if (tlsCode.test(code))
    return [
      "REGISTRY_TLS",
      "has no certificate that this machine trusts",
      "check the host name, the clock and the certificate authorities",
      false,
    ];
  if (code.startsWith("HPE_"))
    return ["REGISTRY_PROTOCOL", "does not speak HTTP", "check the host and the port", false];
  return unreachable;
}

function systemCode(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown";
}
