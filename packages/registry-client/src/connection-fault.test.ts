import { expect, test } from "vitest";
import { connectionFault } from "./connection-fault.ts";
import { RegistryError } from "./errors.ts";

test.each([
  ["ENOTFOUND", "REGISTRY_UNREACHABLE", false],
  ["EAI_AGAIN", "REGISTRY_UNREACHABLE", true],
  ["ECONNREFUSED", "REGISTRY_UNREACHABLE", true],
  ["UND_ERR_CONNECT_TIMEOUT", "REGISTRY_UNREACHABLE", true],
  ["ECONNRESET", "REGISTRY_INTERRUPTED", true],
  ["UND_ERR_SOCKET", "REGISTRY_INTERRUPTED", true],
  ["UND_ERR_BODY_TIMEOUT", "REGISTRY_STALLED", true],
  ["UND_ERR_HEADERS_TIMEOUT", "REGISTRY_STALLED", true],
  ["CERT_HAS_EXPIRED", "REGISTRY_TLS", false],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "REGISTRY_TLS", false],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "REGISTRY_TLS", false],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "REGISTRY_TLS", false],
  ["ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE", "REGISTRY_TLS", false],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "REGISTRY_UNAUTHORIZED", false],
  ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "REGISTRY_UNAUTHORIZED", false],
  ["ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE", "REGISTRY_UNAUTHORIZED", false],
  ["HPE_INVALID_CONSTANT", "REGISTRY_PROTOCOL", false],
  ["UND_ERR_HEADERS_OVERFLOW", "REGISTRY_PROTOCOL", false],
  ["UND_ERR_DESTROYED", "REGISTRY_CLOSED", false],
])("%s is %s, and that it may pass is %s", (code, expected, isTransient) => {
  const cause = Object.assign(new Error("x"), { code });
  expect(connectionFault("host:1", cause)).toMatchObject({ code: expected, isTransient, cause });
});

test.each([
  ["ECONNRESET", true, true],
  ["UND_ERR_SOCKET", true, true],
  ["UND_ERR_SOCKET", false, false],
  ["ECONNREFUSED", true, false],
])(
  "%s by TLS from a host that has never answered (%s) speaks of certificates: %s",
  (code, isUnproven, does) => {
    const { hint } = connectionFault("host", Object.assign(new Error("x"), { code }), { isUnproven });
    expect(hint.includes("certificate")).toBe(does);
  },
);

test("an error that has its type already keeps it", () => {
  const error = new RegistryError("REGISTRY_ADDRESS_REFUSED", "", "");
  expect(connectionFault("host", error)).toBe(error);
});

test("whatever else is thrown is still typed", () => {
  expect(connectionFault("host", "?")).toMatchObject({ code: "REGISTRY_UNREACHABLE" });
});
