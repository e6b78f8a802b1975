import { spawn, type ChildProcessByStdio } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { judgePath } from "../require-judge.ts";
import { runTool } from "../judges/run-tool.ts";
import type { Certificates } from "./certificates.ts";
import type { TokenServer } from "./token-server.ts";

/** The one account of a registry with `auth: true`. */
const ACCOUNT = { user: "fixture", password: "open sesame" } as const;
/** Its line of an htpasswd file: the registry takes bcrypt alone. */
const HTPASSWD = "fixture:$2b$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW";

export interface DockerRegistryOptions {
  /** Wants `account` by Basic, or tokens of this server. Absent: open to all. */
  readonly auth?: boolean | TokenServer;
  /** Speaks TLS as `server`; if `mutual`, to clients with a certificate of this authority alone. */
  readonly tls?: { readonly certificates: Certificates; readonly mutual?: boolean };
}

export interface DockerRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** The account it wants, if it wants one. */
  readonly account: { readonly user: string; readonly password: string } | undefined;
  /** The file in which it keeps a blob or manifest. */
  readonly blobFile: (digest: string) => string;
  /** Pushes an image of an OCI layout with skopeo, all its platforms; `name` is `repository:tag`. */
  readonly push: (layout: string, tag: string, name: string, options?: PushOptions) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface PushOptions {
  /** Docker's manifests are written anew; absent: the bytes as they are. */
  readonly format?: "docker";
  readonly account?: { readonly user: string; readonly password: string };
}

/** Starts the distribution project's own registry (Debian's docker-registry) on loopback. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-registry-"));
  await mkdir(join(directory, "data"));
  await writeFile(join(directory, "htpasswd"), `${HTPASSWD}\n`);
  await writeFile(join(directory, "config.json"), JSON.stringify(configuration(directory, options)));
  const server = spawn("docker-registry", ["serve", join(directory, "config.json")], {
    env: { PATH: judgePath() },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => {
    server.once("close", () => {
      resolve();
    });
  });
  const host = await listeningHost(server);
  const account = options.auth === true ? ACCOUNT : undefined;

  async function push(layout: string, tag: string, name: string, how: PushOptions = {}): Promise<void> {
    const { user, password } = how.account ?? account ?? {};
    const flags = [
      "--all",
      ...(how.format === "docker" ? ["--format", "v2s2"] : ["--preserve-digests"]),
      ...(options.tls
        ? ["--dest-cert-dir", options.tls.certificates.clientDirectory]
        : ["--dest-tls-verify=false"]),
      ...(user === undefined ? [] : ["--dest-creds", `${user}:${password}`]),
    ];
    const names = [`oci:${layout}:${tag}`, `docker://${host}/${name}`];
    await runTool("skopeo", ["--insecure-policy", "copy", ...flags, ...names]);
  }

  function blobFile(digest: string): string {
    const [algorithm = "", hex = ""] = digest.split(":");
    return join(directory, "data/docker/registry/v2/blobs", algorithm, hex.slice(0, 2), hex, "data");
  }

  async function close(): Promise<void> {
    server.kill();
    await ended;
    await rm(directory, { recursive: true, force: true });
  }

  return { host, account, blobFile, push, close };
}

/** The registry alone knows where it listens, having been asked for any free port; its log says so. */
async function listeningHost(server: ChildProcessByStdio<null, null, Readable>): Promise<string> {
  return await new Promise((resolve, reject) => {
    let log = "";
    // Read to the end, so that the pipe never fills.
    server.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      const host = /listening on (127\.0\.0\.1:\d+)/.exec(log)?.[1];
      if (host !== undefined) resolve(host);
    });
    server.once("error", reject);
    server.once("close", () => {
      reject(new Error(`docker-registry ended:\n${log}`));
    });
  });
}

function configuration(directory: string, { auth = false, tls }: DockerRegistryOptions): object {
  const { certificates } = tls ?? {};
  return {
    version: "0.1",
    log: { level: "info" },
    storage: { filesystem: { rootdirectory: join(directory, "data") }, delete: { enabled: true } },
    http: {
      addr: "127.0.0.1:0",
      secret: "fixture",
      ...(certificates === undefined
        ? {}
        : {
            tls: {
              certificate: certificates.server.certFile,
              key: certificates.server.keyFile,
              ...(tls?.mutual === true ? { clientcas: [join(certificates.clientDirectory, "ca.crt")] } : {}),
            },
          }),
    },
    ...authConfiguration(directory, auth),
  };
}

function authConfiguration(directory: string, auth: boolean | TokenServer): object {
  if (auth === false) return {};
  if (auth === true) return { auth: { htpasswd: { realm: "fixture", path: join(directory, "htpasswd") } } };
  const { realm, service, issuer, certFile } = auth;
  return { auth: { token: { realm, service, issuer, rootcertbundle: certFile } } };
}
