import { describe, expect, test } from "vitest";
import { isTokenHostOf, parseRealm } from "./realm.ts";

const refused = expect.objectContaining({ code: "REGISTRY_REALM_REFUSED" });

describe("the token server's URL", () => {
  const https = new URL("https://registry.example");
  const http = new URL("http://127.0.0.1:5000");

  test("is one with TLS, anywhere; its fragment is dropped", () => {
    expect(parseRealm("https://auth.example/token?x=1#y", https, undefined).href).toBe(
      "https://auth.example/token?x=1",
    );
  });

  test("may be without TLS if the registry is, and plain HTTP is allowed for both", () => {
    expect(parseRealm("http://127.0.0.1:5001/token", http, undefined).port).toBe("5001");
    expect(() => parseRealm("http://auth.example/token", http, undefined)).toThrow(refused);
    expect(parseRealm("http://auth.example/token", http, true).host).toBe("auth.example");
  });

  test.each([
    ["without TLS for a registry with TLS", "http://registry.example/token"],
    ["a file", "file:///etc/passwd"],
    ["a relative path", "/token"],
    ["nothing", ""],
    ["with a user", "https://user@auth.example/token"],
    ["with a password", "https://:secret@auth.example/token"],
    ["of 3,000 characters", `https://auth.example/${"x".repeat(3000)}`],
  ])("is refused: %s", (_, realm) => {
    expect(() => parseRealm(realm, https, true)).toThrow(refused);
  });

  test("in an error does not show its password", () => {
    expect(() => parseRealm("https://:hunter2@auth.example", https, true)).not.toThrow(/hunter2/);
  });
});

describe("credentials go to", () => {
  test.each([
    ["the registry itself", "quay.io", "quay.io"],
    ["Docker Hub's token host", "registry-1.docker.io", "auth.docker.io"],
    ["a host below the registry", "quay.io", "auth.quay.io"],
    ["the parent domain", "registry.gitlab.com", "gitlab.com"],
    ["a sibling in the parent domain", "registry.example.com", "sso.example.com"],
    ["a sibling in a domain of three parts", "registry.example.co.uk", "sso.example.co.uk"],
    ["the same address", "127.0.0.1", "127.0.0.1"],
  ])("%s", (_, registry, tokenHost) => {
    expect(isTokenHostOf(registry, tokenHost, [])).toBe(true);
  });

  test.each([
    ["another domain", "registry.example.com", "auth.attacker.example"],
    ["a domain that only ends alike", "registry.example.com", "notexample.com"],
    ["all of a top-level domain", "quay.io", "evil.io"],
    ["all of a public suffix", "example.co.uk", "evil.co.uk"],
    ["another name in docker.io", "registry-1.docker.io", "evil.docker.io"],
    ["a neighbouring address", "10.0.0.1", "10.0.0.2"],
    ["another host without a domain", "localhost", "other"],
    ["a host from Object's prototype", "constructor", "toString"],
  ])("never %s", (_, registry, tokenHost) => {
    expect(isTokenHostOf(registry, tokenHost, [])).toBe(false);
  });

  test("hosts that the user names", () => {
    expect(isTokenHostOf("registry.example.com", "idp.example.net", ["idp.example.net"])).toBe(true);
  });
});
