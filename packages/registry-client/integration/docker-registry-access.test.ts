import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { digestOf, verifiedBytes } from "@bootlayer/image-spec";
import {
  makeCertificates,
  requireJudge,
  startDockerRegistry,
  startTokenServer,
  writeLayout,
  type Certificates,
  type DockerRegistry,
  type DockerRegistryOptions,
  type TokenServer,
  type TokenServerOptions,
} from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  fetchBlob,
  parseReference,
  pushBlob,
  resolveImage,
  type Credentials,
  type RegistryClientOptions,
} from "../src/index.ts";
import { amd64, connect, small } from "./loopback.ts";

const judge = requireJudge("docker-registry", "skopeo", "openssl");
const { signal } = new AbortController();
const account = { user: "robot", password: "beep boop" } as const;
const credentials: Credentials = {
  kind: "password",
  username: account.user,
  password: account.password,
};

let directory: string;
let certificates: Certificates;

/** A registry for one test, into which skopeo has pushed `small` as team/image:1. */
async function filled(options: DockerRegistryOptions): Promise<DockerRegistry> {
  const registry = await startDockerRegistry(options);
  onTestFinished(registry.close);
  const push = typeof options.auth === "object" ? { account } : {};
  await registry.push(join(directory, "layout"), "small", "team/image:1", push);
  return registry;
}

/** Resolves team/image:1 and reads its layers, as a client with these options. */
async function pull({ host }: DockerRegistry, options: RegistryClientOptions): Promise<string> {
  return await pullWith(connect(options).client, host);
}

async function pullWith(client: ReturnType<typeof connect>["client"], host: string): Promise<string> {
  const reference = parseReference(`${host}/team/image:1`);
  const { manifest, descriptor } = await resolveImage(client, reference, amd64, signal);
  for (const layer of manifest.layers)
    await verifiedBytes(fetchBlob(client, reference, layer, { signal }), layer);
  return descriptor.digest;
}

async function filledWithTokens(options: Partial<TokenServerOptions> = {}) {
  const tokens = await startTokenServer({ account, ...options });
  onTestFinished(tokens.close);
  return { tokens, registry: await filled({ auth: tokens }) };
}

function since(tokens: TokenServer, count: number) {
  return tokens.requests.slice(count);
}

describe.skipIf(judge.skip)(`Debian's docker-registry${judge.reason}`, () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "bootlayer-access-"));
    certificates = await makeCertificates(join(directory, "certificates"));
    await writeLayout(join(directory, "layout"), { small });
  });
  afterAll(() => rm(directory, { recursive: true }));

  describe("with htpasswd over TLS", () => {
    test("gives an image to who trusts its authority and knows the password", async () => {
      const registry = await filled({ auth: true, tls: { certificates } });
      const { user: username = "", password = "" } = registry.account ?? {};
      const known: Credentials = { kind: "password", username, password };
      const tls = () => ({ ca: certificates.ca });
      expect(await pull(registry, { plainHttp: false, tls, credentials: async () => known })).toBe(
        small.manifestDescriptor.digest,
      );
      await expect(
        pull(registry, { plainHttp: false, tls, credentials: async () => ({ ...known, password: "wrong" }) }),
      ).rejects.toMatchObject({ code: "REGISTRY_UNAUTHORIZED" });
    });

    test("is not trusted without its authority, and not spoken to without TLS", async () => {
      const registry = await filled({ auth: true, tls: { certificates } });
      await expect(pull(registry, { plainHttp: false })).rejects.toMatchObject({ code: "REGISTRY_TLS" });
      await expect(pull(registry, { plainHttp: true })).rejects.toMatchObject({ status: 400 });
    });
  });

  describe("that wants a client's certificate", () => {
    test("gives an image to who has one of its authority", async () => {
      const registry = await filled({ tls: { certificates, mutual: true } });
      const { ca, client } = certificates;
      const tls = () => ({ ca, cert: client.cert, key: client.key });
      expect(await pull(registry, { plainHttp: false, tls })).toBe(small.manifestDescriptor.digest);
    });

    test("gives nothing to who has none, or another's", async () => {
      const registry = await filled({ tls: { certificates, mutual: true } });
      const others = await makeCertificates(join(directory, "others"));
      const { ca } = certificates;
      for (const settings of [{ ca }, { ca, cert: others.client.cert, key: others.client.key }])
        await expect(pull(registry, { plainHttp: false, tls: () => settings })).rejects.toMatchObject({
          // By TLS 1.3 the refusal comes after the handshake: some see the alert, others only that it was hung up.
          code: expect.stringMatching(/^REGISTRY_(UNAUTHORIZED|INTERRUPTED|UNREACHABLE)$/),
        });
    });
  });

  describe("with a token server", () => {
    test("gives an image for one token, asked for with its service and the scope of the repository", async () => {
      const { tokens, registry } = await filledWithTokens();
      const before = tokens.requests.length;
      expect(await pull(registry, { credentials: async () => credentials })).toBe(
        small.manifestDescriptor.digest,
      );
      expect(since(tokens, before)).toEqual([
        { user: account.user, service: tokens.service, scopes: ["repository:team/image:pull"] },
      ]);
    });

    test("gives an image for an anonymous token, where that may pull", async () => {
      const { tokens, registry } = await filledWithTokens();
      const before = tokens.requests.length;
      await pull(registry, {});
      expect(since(tokens, before).map(({ user }) => user)).toEqual([undefined]);
    });

    test("is asked for a new token before the old one expires", async () => {
      const { tokens, registry } = await filledWithTokens({ lifetimeSeconds: 300, announcedSeconds: 300 });
      let now = Date.now();
      const clock = { now: () => now, random: () => 1, sleep: async () => {} };
      const { client } = connect({ clock, credentials: async () => credentials });
      const before = tokens.requests.length;
      await pullWith(client, registry.host);
      now += 200_000;
      await pullWith(client, registry.host);
      expect(since(tokens, before)).toHaveLength(1);
      now += 60_000;
      await pullWith(client, registry.host);
      expect(since(tokens, before)).toHaveLength(2);
    });

    test("that promises more than its tokens hold is asked again when the registry refuses one", async () => {
      // The registry forgives a minute.
      const { tokens, registry } = await filledWithTokens({ lifetimeSeconds: -58, announcedSeconds: 3600 });
      const { client } = connect({ credentials: async () => credentials });
      await pullWith(client, registry.host);
      const before = tokens.requests.length;
      await setTimeout(3000);
      await pullWith(client, registry.host);
      expect(since(tokens, before)).toHaveLength(1);
    });

    test("whose tokens grant nothing here, or are for another repository, is REGISTRY_UNAUTHORIZED or REGISTRY_DENIED", async () => {
      let isOpen = true;
      const { tokens, registry } = await filledWithTokens({
        grant: ({ actions }) => (isOpen ? actions : []),
      });
      isOpen = false;
      const before = tokens.requests.length;
      await expect(pull(registry, { credentials: async () => credentials })).rejects.toMatchObject({
        code: expect.stringMatching(/^REGISTRY_(UNAUTHORIZED|DENIED)$/),
      });
      // Once more might have been of use; again and again is not.
      expect(since(tokens, before).length).toBeLessThanOrEqual(2);
    });

    test("takes a push for a token that may pull and push, and none for one that may only pull", async () => {
      const { tokens, registry } = await filledWithTokens();
      const bytes = Buffer.from("{}");
      const blob = { digest: digestOf(bytes), size: bytes.length };
      const reference = parseReference(`${registry.host}/team/pushed:1`);
      async function* open(): AsyncGenerator<Uint8Array> {
        yield bytes;
      }
      const before = tokens.requests.length;
      const known = connect({ credentials: async () => credentials }).client;
      expect(await pushBlob(known, reference, blob, open, { signal })).toBe("uploaded");
      expect(since(tokens, before).at(-1)?.scopes).toContain("repository:team/pushed:pull,push");
      await expect(
        pushBlob(connect().client, { ...reference, repository: "team/other" }, blob, open, { signal }),
      ).rejects.toMatchObject({ code: expect.stringMatching(/^REGISTRY_(UNAUTHORIZED|DENIED)$/) });
    });

    test("that does not know the password is REGISTRY_UNAUTHORIZED", async () => {
      const { registry } = await filledWithTokens();
      await expect(
        pull(registry, { credentials: async () => ({ ...credentials, password: "wrong" }) }),
      ).rejects.toMatchObject({ code: "REGISTRY_UNAUTHORIZED", status: 401 });
    });
  });
});
