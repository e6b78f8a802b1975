import type { RegistryAuth, RegistryRequest } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { fetchManifest, parseReference, type Credentials } from "../src/index.ts";
import { connect, serve, small } from "./loopback.ts";

const { signal } = new AbortController();
const password: Credentials = { kind: "password", username: "u", password: "hunter2" };

function authorizations(requests: readonly RegistryRequest[]) {
  return requests.map(({ path, headers }) => [
    path.startsWith("/token") ? "token" : "registry",
    headers.authorization?.split(" ")[0],
  ]);
}

/** Fetches the manifest of test:latest from a registry with `auth`. */
async function fetchAs(auth: RegistryAuth | undefined, credentials?: Credentials) {
  const registry = await serve(auth ? { auth } : {});
  const { client } = connect({ credentials: async () => credentials });
  const reference = parseReference(`${registry.host}/test`);
  return { registry, fetch: () => fetchManifest(client, reference, signal), client };
}

describe("access", () => {
  test("to a registry that asks for nothing sends nothing, even if there are credentials", async () => {
    const { registry, fetch } = await fetchAs(undefined, password);
    await fetch();
    expect(authorizations(registry.requests)).toEqual([["registry", undefined]]);
  });

  test("by Basic sends user and password after the challenge, and unasked from then on", async () => {
    const { registry, fetch } = await fetchAs({ kind: "basic", user: "u", password: "hunter2" }, password);
    expect((await fetch()).descriptor.digest).toBe(small.manifestDescriptor.digest);
    await fetch();
    expect(authorizations(registry.requests)).toEqual([
      ["registry", undefined],
      ["registry", "Basic"],
      ["registry", "Basic"],
    ]);
  });

  test("by Bearer, anonymous: a token for the repository, used for all further requests", async () => {
    const { registry, fetch } = await fetchAs({ kind: "bearer" });
    await fetch();
    await fetch();
    expect(authorizations(registry.requests)).toEqual([
      ["registry", undefined],
      ["token", undefined],
      ["registry", "Bearer"],
      ["registry", "Bearer"],
    ]);
    expect(registry.requests[1]?.path).toBe(
      `/token?service=${encodeURIComponent(registry.host)}&scope=repository%3Atest%3Apull`,
    );
  });

  test("by Bearer with a password shows it to the token server alone", async () => {
    const { registry, fetch } = await fetchAs({ kind: "bearer", user: "u", password: "hunter2" }, password);
    await fetch();
    expect(authorizations(registry.requests)).toEqual([
      ["registry", undefined],
      ["token", "Basic"],
      ["registry", "Bearer"],
    ]);
  });

  test("by Bearer with an identity token trades it by POST", async () => {
    const credentials: Credentials = { kind: "identity-token", username: "", token: "refresh" };
    const { registry, fetch } = await fetchAs(
      { kind: "bearer", user: "u", password: "x", identityToken: "refresh" },
      credentials,
    );
    await fetch();
    expect(registry.requests.map(({ method }) => method)).toEqual(["GET", "POST", "GET"]);
  });

  test("by an identity token falls back to GET where the server does not know POST", async () => {
    const credentials: Credentials = { kind: "identity-token", username: "u", token: "refresh" };
    const { registry, fetch } = await fetchAs(
      { kind: "bearer", user: "u", password: "refresh" },
      credentials,
    );
    await fetch();
    expect(registry.requests.map(({ method }) => method)).toEqual(["GET", "POST", "GET", "GET"]);
  });

  test("of many requests at once to one repository takes one token", async () => {
    const { registry, fetch } = await fetchAs({ kind: "bearer" });
    await Promise.all([fetch(), fetch(), fetch(), fetch()]);
    expect(registry.requests.filter(({ path }) => path.startsWith("/token"))).toHaveLength(1);
  });
});

test("a challenge, an error and a redirect each give their connection back", async () => {
  const registry = await serve({
    auth: { kind: "bearer" },
    fault: ({ path, attempt }) => {
      if (!path.endsWith("/latest")) return undefined;
      if (attempt === 2) return { kind: "status", status: 503, body: "x".repeat(300_000) };
      return { kind: "status", status: 307, headers: { location: "./other" }, body: "x".repeat(300_000) };
    },
  });
  registry.tag("test:other", small);
  const { client } = connect({ maxConnectionsPerHost: 1 });
  const fetched = await fetchManifest(client, parseReference(`${registry.host}/test`), signal);
  expect(fetched.descriptor.digest).toBe(small.manifestDescriptor.digest);
});

describe("REGISTRY_UNAUTHORIZED is", () => {
  test("a wrong password, which the error does not show", async () => {
    const { fetch } = await fetchAs({ kind: "bearer", user: "u", password: "other" }, password);
    const error: unknown = await fetch().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "REGISTRY_UNAUTHORIZED",
      message: expect.stringContaining("wrong user"),
    });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/hunter2|dTpodW50ZXIy/);
  });

  test("Basic access without credentials, or with wrong ones, after one attempt", async () => {
    for (const credentials of [undefined, password]) {
      const { registry, fetch } = await fetchAs({ kind: "basic", user: "u", password: "other" }, credentials);
      await expect(fetch()).rejects.toMatchObject({ code: "REGISTRY_UNAUTHORIZED", status: 401 });
      expect(registry.requests).toHaveLength(credentials ? 2 : 1);
    }
  });

  test("a registry that rejects the very token that its server gives, and repeats it in its answer", async () => {
    const headers = { "www-authenticate": 'Basic realm="x"' };
    const body = JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "bad dTpodW50ZXIy" }] });
    const registry = await serve({ fault: () => ({ kind: "status", status: 401, headers, body }) });
    const { client } = connect({ credentials: async () => password });
    await expect(
      fetchManifest(client, parseReference(`${registry.host}/test`), signal),
    ).rejects.toMatchObject({
      code: "REGISTRY_UNAUTHORIZED",
      message: expect.stringContaining("UNAUTHORIZED: bad [secret]"),
    });
  });
});

/** Fetches from a registry whose challenge names `realm`; its own /token gives a token. */
async function challenged(
  realm: (host: string) => string,
  tokenHosts: readonly string[] = [],
  credentials?: Credentials,
) {
  const registry = await serve({
    fault: ({ path, headers }) => {
      if (path.startsWith("/token")) return { kind: "status", status: 200, body: '{"token":"t"}' };
      if (headers.authorization === "Bearer t") return undefined;
      const challenge = `Bearer realm="${realm(headers.host ?? "")}"`;
      return { kind: "status", status: 401, headers: { "www-authenticate": challenge } };
    },
  });
  const { client } = connect({
    plainHttp: true,
    credentials: async () => credentials,
    tokenHosts: () => tokenHosts,
  });
  const reference = parseReference(`${registry.host}/test`);
  return { registry, outcome: fetchManifest(client, reference, signal) };
}

describe("a token server", () => {
  test("of the registry's own host gives a token", async () => {
    const { outcome } = await challenged((host) => `http://${host}/token`, [], password);
    expect((await outcome).document.kind).toBe("manifest");
  });

  test("without TLS gets nothing when plain HTTP is not allowed for it", async () => {
    const registry = await serve({
      fault: () => ({
        kind: "status",
        status: 401,
        headers: { "www-authenticate": 'Bearer realm="http://auth.example/t"' },
      }),
    });
    const { client } = connect();
    await expect(
      fetchManifest(client, parseReference(`${registry.host}/test`), signal),
    ).rejects.toMatchObject({
      code: "REGISTRY_REALM_REFUSED",
    });
  });

  test.each([
    "http://169.254.169.254/latest/meta-data",
    "http://[fe80::1]/",
    "http://0.0.0.0:1/",
    "http://[::ffff:169.254.169.254]/",
  ])("at the link-local or unspecified address %s is never asked", async (realm) => {
    const { outcome } = await challenged(() => realm);
    await expect(outcome).rejects.toMatchObject({ code: "REGISTRY_ADDRESS_REFUSED" });
  });

  test("on another host gets no credentials unless it is named", async () => {
    const other = await serve();
    const realm = `http://localhost:${other.host.split(":")[1]}/token`;
    const { outcome } = await challenged(() => realm, [], password);
    await expect(outcome).rejects.toMatchObject({ code: "REGISTRY_REALM_REFUSED" });
    expect(other.requests).toEqual([]);
  });

  test("on another host that is named gets them", async () => {
    const other = await serve({
      fault: () => ({ kind: "status", status: 200, body: '{"access_token":"t"}' }),
    });
    const realm = `http://localhost:${other.host.split(":")[1]}/token`;
    const { outcome } = await challenged(() => realm, ["localhost"], password);
    await outcome;
    expect(other.requests[0]?.headers.authorization).toMatch(/^Basic /);
  });

  test("that redirects elsewhere does not take the password along", async () => {
    const other = await serve({ fault: () => ({ kind: "status", status: 200, body: '{"token":"t"}' }) });
    const registry = await serve({
      fault: ({ path, headers }) => {
        if (path.startsWith("/token"))
          return { kind: "status", status: 307, headers: { location: `http://${other.host}/token` } };
        if (headers.authorization === "Bearer t") return undefined;
        return {
          kind: "status",
          status: 401,
          headers: { "www-authenticate": `Bearer realm="http://${headers.host}/token"` },
        };
      },
    });
    const { client } = connect({ credentials: async () => password });
    await fetchManifest(client, parseReference(`${registry.host}/test`), signal);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(registry.requests.some(({ headers }) => headers.authorization?.startsWith("Basic "))).toBe(true);
  });

  test("may not redirect to a link-local address", async () => {
    const registry = await serve({
      fault: ({ path, headers }) =>
        path.startsWith("/token")
          ? { kind: "status", status: 302, headers: { location: "http://169.254.169.254/" } }
          : {
              kind: "status",
              status: 401,
              headers: { "www-authenticate": `Bearer realm="http://${headers.host}/token"` },
            },
    });
    const { client } = connect({ plainHttp: true });
    await expect(
      fetchManifest(client, parseReference(`${registry.host}/test`), signal),
    ).rejects.toMatchObject({
      code: "REGISTRY_ADDRESS_REFUSED",
    });
  });

  test("that sends more than 64 KiB is REGISTRY_RESPONSE_TOO_LARGE", async () => {
    const registry = await serve({
      fault: ({ path, headers }) =>
        path.startsWith("/token")
          ? { kind: "status", status: 200, body: JSON.stringify({ token: "t".repeat(70_000) }) }
          : {
              kind: "status",
              status: 401,
              headers: { "www-authenticate": `Bearer realm="http://${headers.host}/token"` },
            },
    });
    const { client } = connect();
    await expect(
      fetchManifest(client, parseReference(`${registry.host}/test`), signal),
    ).rejects.toMatchObject({
      code: "REGISTRY_RESPONSE_TOO_LARGE",
    });
  });
});

/** Fetches from a registry that answers with a redirect, once it has seen the password. */
async function redirected(location: string) {
  const registry = await serve({
    auth: { kind: "basic", user: "u", password: "hunter2" },
    fault: () => ({ kind: "status", status: 307, headers: { location } }),
  });
  const { client } = connect({ credentials: async () => password });
  return { registry, outcome: fetchManifest(client, parseReference(`${registry.host}/test`), signal) };
}

describe("a redirect", () => {
  test("to another port drops Authorization", async () => {
    const other = await serve();
    const { outcome, registry } = await redirected(`http://${other.host}/v2/test/manifests/latest`);
    expect((await outcome).descriptor.digest).toBe(small.manifestDescriptor.digest);
    expect(registry.requests.at(-1)?.headers.authorization).toMatch(/^Basic /);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test("to the same scheme, host and port keeps it", async () => {
    const registry = await serve({
      auth: { kind: "basic", user: "u", password: "hunter2" },
      fault: ({ path }) =>
        path.endsWith("/latest")
          ? { kind: "status", status: 302, headers: { location: `./${small.manifestDescriptor.digest}` } }
          : undefined,
    });
    const { client } = connect({ credentials: async () => password });
    await fetchManifest(client, parseReference(`${registry.host}/test`), signal);
    expect(registry.requests.at(-1)).toMatchObject({
      path: `/v2/test/manifests/${small.manifestDescriptor.digest}`,
      headers: { authorization: expect.stringMatching(/^Basic /) },
    });
  });

  test.each([
    [
      "to a host without TLS where that is not allowed",
      "http://registry.example/x",
      "REGISTRY_REDIRECT_REFUSED",
    ],
    ["to a file", "file:///etc/passwd", "REGISTRY_REDIRECT_REFUSED"],
    ["with a user in it", "http://u:p@127.0.0.1/", "REGISTRY_REDIRECT_REFUSED"],
    ["to no URL", "http://[", "REGISTRY_REDIRECT_REFUSED"],
    ["to itself, for ever", "/v2/test/manifests/latest", "REGISTRY_REDIRECT_REFUSED"],
    ["to the metadata service of a cloud", "https://169.254.169.254/", "REGISTRY_ADDRESS_REFUSED"],
  ])("%s is refused", async (_, location, code) => {
    const { outcome } = await redirected(location);
    await expect(outcome).rejects.toMatchObject({ code });
  });
});
