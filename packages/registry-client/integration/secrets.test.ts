import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import type { RegistryOptions } from "@bootlayer/test-fixtures";
import { expect, onTestFinished, test } from "vitest";
import {
  fetchManifest,
  parseReference,
  registrySettings,
  removeCredentials,
  saveCredentials,
  type RegistryClientOptions,
} from "../src/index.ts";
import { connect, serve } from "./loopback.ts";

const { signal } = new AbortController();
const mark = "hunter2-marked-secret";
/** The secret in every form that goes over a line or lies in a file. */
const forms = [
  mark,
  encodeURIComponent(mark),
  Buffer.from(`u:${mark}`).toString("base64"),
  Buffer.from(`:${mark}`).toString("base64"),
];

/** All that a program could print of a value, its hidden parts too. */
function everythingOf(value: unknown): string {
  return inspect(value, { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null });
}

function expectNoSecret(value: unknown): void {
  const text = everythingOf(value);
  for (const form of forms) expect(text).not.toContain(form);
}

interface Scene {
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly registry?: RegistryOptions;
  readonly client?: RegistryClientOptions;
}

const auth = Buffer.from(`u:${mark}`).toString("base64");
const config = (host: string, more: object = {}) => JSON.stringify({ auths: { [host]: { auth } }, ...more });
const echoing = JSON.stringify({ errors: [{ code: "DENIED", message: `${mark} ${auth} Basic ${auth}` }] });
const challenge = (realm: string) => ({ "www-authenticate": `Bearer realm="${realm}"` });

const scenes: Readonly<Record<string, (host: string) => Scene>> = {
  "a wrong password, which the registry repeats": () => ({
    registry: {
      fault: () => ({
        kind: "status",
        status: 401,
        headers: { "www-authenticate": "Basic x=y" },
        body: echoing,
      }),
    },
  }),
  "a token server that refuses and repeats it": (host) => ({
    registry: {
      fault: ({ path }) =>
        path.startsWith("/token")
          ? { kind: "status", status: 403, body: echoing }
          : { kind: "status", status: 401, headers: challenge(`http://${host}/token`) },
    },
  }),
  "a token server that answers nonsense with it": (host) => ({
    registry: {
      fault: ({ path }) =>
        path.startsWith("/token")
          ? { kind: "status", status: 200, body: `{"token": "${mark}\n"}` }
          : { kind: "status", status: 401, headers: challenge(`http://${host}/token`) },
    },
  }),
  "a realm that wants it": () => ({
    registry: {
      fault: () => ({ kind: "status", status: 401, headers: challenge(`http://u:${mark}@127.0.0.1/`) }),
    },
  }),
  "a redirect with it": () => ({
    registry: {
      fault: () => ({ kind: "status", status: 307, headers: { location: `http://u:${mark}@127.0.0.1/` } }),
    },
  }),
  "a file of logins that is cut": (host) => ({
    files: { "home/.docker/config.json": config(host).slice(0, -2) },
  }),
  "a file of logins of another form": () => ({
    files: { "home/.docker/config.json": JSON.stringify({ auths: { [mark]: mark } }) },
  }),
  "a helper that fails with it": (host) => ({
    files: {
      "home/.docker/config.json": JSON.stringify({ credHelpers: { [host]: "test" } }),
      "bin/docker-credential-test": `#!/bin/sh\necho '${mark}'; echo '${mark}' >&2; exit 1\n`,
    },
  }),
  "a helper that answers nonsense with it": (host) => ({
    files: {
      "home/.docker/config.json": JSON.stringify({ credHelpers: { [host]: "test" } }),
      "bin/docker-credential-test": `#!/bin/sh\necho '{"Username":"${mark}","Secret":'\n`,
    },
  }),
  "a helper whose name holds it": (host) => ({
    files: {
      "home/.docker/config.json": JSON.stringify({ credHelpers: { [host]: "../x" }, HttpHeaders: { mark } }),
    },
  }),
  "a hosts.toml that is cut": (host) => ({
    files: {
      [`etc/containerd/certs.d/${host}/hosts.toml`]: `[host."http://m".header]\nauthorization = "${mark}`,
    },
  }),
  "a mirror that repeats its header": (host) => ({
    files: {
      [`etc/containerd/certs.d/${host}/hosts.toml`]: `server = "http://${host}"\n[header]\nx-key = "${mark}"\n`,
    },
    registry: { fault: () => ({ kind: "status", status: 400, body: `{"error": "no ${mark}"}` }) },
  }),
  "a registries.conf that is cut": () => ({
    files: { "etc/containers/registries.conf": `[[registry]]\nlocation = "${mark}` },
  }),
  "a certificate without a key": (host) => ({
    files: { [`etc/docker/certs.d/${host}/client.cert`]: `-----BEGIN X-----\n${mark}` },
  }),
  "a key that is none": (host) => ({
    files: {
      [`etc/docker/certs.d/${host}/client.cert`]: `-----BEGIN CERTIFICATE-----\n${mark}\n-----END CERTIFICATE-----`,
      [`etc/docker/certs.d/${host}/client.key`]: `-----BEGIN PRIVATE KEY-----\n${mark}\n-----END PRIVATE KEY-----`,
    },
  }),
  "a proxy's URL that is none": () => ({
    env: { HTTP_PROXY: `http://u:${mark}@` },
  }),
  "a proxy that is not there": () => ({
    client: { proxy: () => new URL(`http://u:${mark}@127.0.0.1:1`) },
  }),
  "a registry that is gone": (host) => ({
    registry: { fault: () => ({ kind: "drop", afterBytes: 3 }) },
    files: { "home/.docker/config.json": config(host) },
  }),
};

test.each(Object.entries(scenes))("no error and no event shows a secret: %s", async (_, sceneOf) => {
  const root = await mkdtemp(join(tmpdir(), "bootlayer-secrets-"));
  onTestFinished(() => rm(root, { recursive: true }));
  let registryOptions: RegistryOptions = {};
  const registry = await serve({
    auth: { kind: "basic", user: "u", password: mark },
    fault: (request) => registryOptions.fault?.(request),
  });
  const open = await serve({ fault: (request) => registryOptions.fault?.(request) });
  // Behind its login a registry shows its fault only to who knows the password; without one, to everybody.
  let failures = 0;
  for (const { host } of [registry, open]) {
    const scene = sceneOf(host);
    registryOptions = scene.registry ?? {};
    const files = { "home/.docker/config.json": config(host), ...scene.files };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
      await chmod(join(root, path), 0o755);
    }
    const env = { PATH: `${join(root, "bin")}:${process.env["PATH"]}`, ...scene.env };
    const settings = registrySettings({ env, home: join(root, "home"), systemDirectory: join(root, "etc") });
    const { client, events } = connect({ ...settings, retry: { attempts: 2 }, ...scene.client });
    const outcome: unknown = await fetchManifest(client, parseReference(`${host}/test`), signal).catch(
      (thrown: unknown) => thrown,
    );
    if (outcome instanceof Error) failures += 1;
    expectNoSecret([outcome instanceof Error ? outcome : undefined, events]);
  }
  expect(failures).toBeGreaterThan(0);
});

test("no error of a login that cannot be kept or forgotten shows a secret", async () => {
  const root = await mkdtemp(join(tmpdir(), "bootlayer-secrets-"));
  onTestFinished(() => rm(root, { recursive: true }));
  const program = join(root, "docker-credential-test");
  await writeFile(program, `#!/bin/sh\ncat; echo '${mark}'; echo '${mark}' >&2; exit 1\n`);
  await chmod(program, 0o755);
  const authFile = join(root, "auth.json");
  const options = { authFile, environment: { PATH: `${root}:${process.env["PATH"]}` } };
  const login = { username: "u", secret: mark };
  for (const text of [JSON.stringify({ credsStore: "test" }), `{"auths": "${mark}"}`, `{"${mark}`]) {
    await writeFile(authFile, text);
    for (const change of [
      () => saveCredentials("r.example", login, options),
      () => removeCredentials("r.example", options),
    ]) {
      const error: unknown = await change().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expectNoSecret(error);
    }
  }
});
