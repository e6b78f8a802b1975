import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  makeCertificates,
  requireJudge,
  startDockerRegistry,
  writeLayout,
  type Certificates,
  type DockerRegistry,
  type DockerRegistryOptions,
} from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  fetchManifest,
  parseReference,
  registrySettings,
  removeCredentials,
  saveCredentials,
  verifyLogin,
  type RegistryClientOptions,
  type RegistrySettingsOptions,
} from "../src/index.ts";
import { connect, small } from "./loopback.ts";

const judge = requireJudge("docker-registry", "skopeo", "openssl");
const { signal } = new AbortController();
const run = promisify(execFile);

let directory: string;
let certificates: Certificates;

async function filled(options: DockerRegistryOptions): Promise<DockerRegistry> {
  const registry = await startDockerRegistry(options);
  onTestFinished(registry.close);
  await registry.push(join(directory, "layout"), "small", "test:latest");
  return registry;
}

/** A machine of its own for one test. */
async function emptyMachine(): Promise<
  Required<Pick<RegistrySettingsOptions, "env" | "home" | "systemDirectory">>
> {
  const root = await mkdtemp(join(directory, "machine-"));
  return { env: { PATH: process.env["PATH"] }, home: join(root, "home"), systemDirectory: join(root, "etc") };
}

function fetchFrom({ host }: DockerRegistry, options: RegistryClientOptions) {
  return fetchManifest(connect(options).client, parseReference(`${host}/test`), signal);
}

describe.skipIf(judge.skip)(
  `Debian's docker-registry, and what the machine's files say${judge.reason}`,
  () => {
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "bootlayer-settings-"));
      certificates = await makeCertificates(join(directory, "certificates"));
      await writeLayout(join(directory, "layout"), { small });
    });
    afterAll(() => rm(directory, { recursive: true }));

    test.each(["home/.config/containers", "etc/containers", "etc/docker"])(
      "certificates in certs.d of %s let in to a registry that wants a client's",
      async (place) => {
        const registry = await filled({ tls: { certificates, mutual: true } });
        const machine = await emptyMachine();
        await expect(
          fetchFrom(registry, { ...registrySettings(machine), plainHttp: false }),
        ).rejects.toMatchObject({ code: "REGISTRY_TLS" });
        const hostDirectory = join(machine.home, "..", place, "certs.d", registry.host);
        await cp(certificates.clientDirectory, hostDirectory, { recursive: true });
        await rm(join(hostDirectory, "ca.key"), { force: true });
        const { descriptor } = await fetchFrom(registry, registrySettings(machine));
        expect(descriptor.digest).toBe(small.manifestDescriptor.digest);
      },
    );

    test("certificates that are named let in, and hosts.toml can name them too", async () => {
      const registry = await filled({ tls: { certificates, mutual: true } });
      const machine = await emptyMachine();
      const { certFile, keyFile } = certificates.client;
      const caFile = join(certificates.clientDirectory, "ca.crt");
      const named = registrySettings({ ...machine, caFile, clientCertificate: { certFile, keyFile } });
      await fetchFrom(registry, named);
      const hostDirectory = join(machine.systemDirectory, "containerd/certs.d", registry.host);
      await mkdir(hostDirectory, { recursive: true });
      const hosts = `server = "https://${registry.host}"\nca = "${caFile}"\nclient = [["${certFile}", "${keyFile}"]]\n`;
      await writeFile(join(hostDirectory, "hosts.toml"), hosts);
      const { descriptor } = await fetchFrom(registry, registrySettings(machine));
      expect(descriptor.digest).toBe(small.manifestDescriptor.digest);
    });

    test("one that wants a client's certificate and gets none, or another's, hangs up: what may be wrong is said", async () => {
      const registry = await filled({ tls: { certificates, mutual: true } });
      const { client: others } = await makeCertificates(join(directory, "others"));
      for (const shown of [{}, { cert: others.cert, key: others.key }]) {
        const trust = { additionalCa: [certificates.ca], ...shown };
        await expect(fetchFrom(registry, { plainHttp: false, tls: () => trust })).rejects.toMatchObject({
          code: "REGISTRY_INTERRUPTED",
          hint: expect.stringContaining("certificate"),
        });
      }
    });

    test("a registry that registries.conf calls insecure is spoken to with any certificate", async () => {
      const registry = await filled({ tls: { certificates } });
      const machine = await emptyMachine();
      await mkdir(join(machine.systemDirectory, "containers"), { recursive: true });
      await writeFile(
        join(machine.systemDirectory, "containers/registries.conf"),
        `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`,
      );
      await fetchFrom(registry, registrySettings(machine));
      await expect(
        fetchFrom(registry, { ...registrySettings(await emptyMachine()), plainHttp: false }),
      ).rejects.toMatchObject({ code: "REGISTRY_TLS" });
    });

    test("the login that skopeo keeps opens a registry with htpasswd, and ours opens it to skopeo", async () => {
      const registry = await filled({ auth: true, tls: { certificates } });
      const { user: username = "", password = "" } = registry.account ?? {};
      const authFile = join(directory, "auth.json");
      const common = ["--cert-dir", certificates.clientDirectory];
      const machine = { ...(await emptyMachine()), caFile: join(certificates.clientDirectory, "ca.crt") };
      const settings = () => registrySettings({ ...machine, env: { REGISTRY_AUTH_FILE: authFile } });
      await expect(fetchFrom(registry, settings())).rejects.toMatchObject({ code: "REGISTRY_UNAUTHORIZED" });

      const login = [
        "login",
        ...common,
        "--authfile",
        authFile,
        "-u",
        username,
        "-p",
        password,
        registry.host,
      ];
      await run("skopeo", login);
      await fetchFrom(registry, settings());

      const files = { environment: { REGISTRY_AUTH_FILE: authFile }, homeDirectory: machine.home };
      expect(await removeCredentials(registry.host, files)).toEqual([authFile]);
      const inspect = [
        "inspect",
        "--raw",
        ...common,
        "--authfile",
        authFile,
        `docker://${registry.host}/test:latest`,
      ];
      await expect(run("skopeo", inspect)).rejects.toThrow(/authentication required/);
      await saveCredentials(registry.host, { username, secret: password }, files);
      expect((await run("skopeo", inspect)).stdout).toBe(small.manifest.toString());
      expect(JSON.parse(await readFile(authFile, "utf8"))).toMatchObject({ auths: { [registry.host]: {} } });
    });

    test("a login is let in at the registry's base, or else is REGISTRY_UNAUTHORIZED", async () => {
      const registry = await filled({ auth: true, tls: { certificates } });
      const { user: username = "", password: right = "" } = registry.account ?? {};
      const caFile = join(certificates.clientDirectory, "ca.crt");
      const settings = registrySettings({ ...(await emptyMachine()), caFile });
      const logIn = (password: string) => {
        const credentials = async () => ({ kind: "password", username, password }) as const;
        return verifyLogin(connect({ ...settings, credentials }).client, registry.host, signal);
      };
      await logIn(right);
      await expect(logIn("wrong")).rejects.toMatchObject({ code: "REGISTRY_UNAUTHORIZED" });
    });
  },
);
