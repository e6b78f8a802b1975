import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import {
  blobsOf,
  manifestsOf,
  topDescriptor,
  type FixtureDocument,
  type FixtureImage,
  type FixtureIndex,
} from "../image.ts";
import { authGate, type RegistryAuth } from "./auth.ts";
import { isBodyFault, sendBody, type Fault } from "./fault.ts";
import { listen, stop } from "./listen.ts";
import { answerRange } from "./range.ts";

export interface RegistryRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Who was asked: the registry (its token endpoint too), or the other port that redirects lead to. */
  readonly server: "registry" | "blob-host";
  /** 1 for the first request of this method and path at this server, 2 for the next. */
  readonly attempt: number;
}

export interface RegistryOptions {
  /** By `repository:tag`. */
  readonly images?: Readonly<Record<string, FixtureImage | FixtureIndex>>;
  readonly auth?: RegistryAuth;
  /** Asked about each request that passed authentication, those for tokens included. */
  readonly fault?: (request: RegistryRequest) => Fault | undefined;
}

export interface Registry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Where `redirect` faults lead, `127.0.0.1:PORT`. */
  readonly blobHost: string;
  /** Every request so far, refused ones included, in order of arrival. */
  readonly requests: readonly RegistryRequest[];
  /** Names an image anew while the registry runs; what the tag named before stays reachable by digest. */
  readonly tag: (name: string, content: FixtureImage | FixtureIndex) => void;
  /** Open connections are cut. */
  readonly close: () => Promise<void>;
}

interface Repository {
  readonly tags: Map<string, string>;
  readonly manifests: Map<string, FixtureDocument>;
  readonly blobs: Map<string, FixtureDocument>;
}

/** The pull side of an OCI registry (distribution-spec, "Pull") on loopback, over plain HTTP, from memory. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const requests: RegistryRequest[] = [];
  const repositories = new Map<string, Repository>();
  const registryServer = createServer(
    (request, response) => void answerSafely(request, response, "registry"),
  );
  const blobServer = createServer((request, response) => void answerSafely(request, response, "blob-host"));
  const host = await listen(registryServer);
  const blobHost = await listen(blobServer);
  const gate = authGate(options.auth, () => host);
  for (const [name, content] of Object.entries(options.images ?? {})) tag(name, content);

  function tag(name: string, content: FixtureImage | FixtureIndex): void {
    const cut = name.lastIndexOf(":");
    if (cut < 1) throw new Error(`"${name}" is not repository:tag`);
    const repositoryName = name.slice(0, cut);
    const repository = repositories.get(repositoryName) ?? {
      tags: new Map(),
      manifests: new Map(),
      blobs: new Map(),
    };
    repositories.set(repositoryName, repository);
    repository.tags.set(name.slice(cut + 1), topDescriptor(content).digest);
    for (const document of manifestsOf(content))
      repository.manifests.set(document.descriptor.digest, document);
    for (const document of blobsOf(content)) repository.blobs.set(document.descriptor.digest, document);
  }

  async function answerSafely(
    request: IncomingMessage,
    response: ServerResponse,
    server: RegistryRequest["server"],
  ): Promise<void> {
    try {
      await answer(request, response, server);
    } catch (cause) {
      // A mistake in the test's own hook: said where the test can see it, since nothing awaits this.
      if (response.headersSent) response.destroy();
      else sendError(response, 500, "FIXTURE", cause instanceof Error ? cause.message : String(cause));
    }
  }

  async function answer(
    incoming: IncomingMessage,
    response: ServerResponse,
    server: RegistryRequest["server"],
  ): Promise<void> {
    const method = incoming.method ?? "GET";
    const path = incoming.url ?? "/";
    const same = requests.filter(
      (seen) => seen.server === server && seen.method === method && seen.path === path,
    );
    const request = { method, path, headers: incoming.headers, server, attempt: same.length + 1 };
    requests.push(request);
    const url = new URL(path, `http://${host}`);
    const route = /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(decodeURIComponent(url.pathname));
    const isToken = server === "registry" && url.pathname === "/token";

    if (server === "registry" && !isToken) {
      const challenge = gate.challenge(incoming.headers, route?.[1]);
      if (challenge !== undefined) {
        response.setHeader("www-authenticate", challenge);
        sendError(response, 401, "UNAUTHORIZED", "authentication required");
        return;
      }
    }
    const fault = options.fault?.(request);
    if (fault?.kind === "status") {
      response.writeHead(fault.status, fault.headers).end(fault.body);
      return;
    }
    if (isToken) {
      const form = new URLSearchParams(method === "POST" ? await text(incoming) : "");
      const { status, body } = gate.token(method, url, incoming.headers, form);
      response.setHeader("content-type", "application/json");
      response.statusCode = status;
      sendBody(response, Buffer.from(JSON.stringify(body)), isBodyFault(fault) ? fault : undefined);
      return;
    }
    if (method !== "GET" && method !== "HEAD") {
      sendError(response, 405, "UNSUPPORTED", "this registry only serves");
      return;
    }
    response.setHeader("docker-distribution-api-version", "registry/2.0");
    if (url.pathname === "/v2/") {
      sendBody(response.setHeader("content-type", "application/json"), Buffer.from("{}"), undefined);
      return;
    }
    const [, repositoryName = "", kind = "", reference = ""] = route ?? [];
    const repository = repositories.get(repositoryName);
    if (repository === undefined) sendError(response, 404, "NAME_UNKNOWN", `no repository ${repositoryName}`);
    else if (kind === "tags") sendTags(response, repositoryName, repository);
    else if (kind === "manifests") sendManifest(response, request, repository, reference, fault);
    else if (fault?.kind === "redirect" && server === "registry")
      response.writeHead(307, { location: `http://${blobHost}${path}` }).end();
    else sendBlob(response, request, repository.blobs.get(reference), fault);
  }

  async function close(): Promise<void> {
    await Promise.all([registryServer, blobServer].map(stop));
  }

  return { host, blobHost, requests, tag, close };
}

function sendTags(response: ServerResponse, name: string, repository: Repository): void {
  response.setHeader("content-type", "application/json");
  sendBody(
    response,
    Buffer.from(JSON.stringify({ name, tags: [...repository.tags.keys()].toSorted() })),
    undefined,
  );
}

function sendManifest(
  response: ServerResponse,
  request: RegistryRequest,
  repository: Repository,
  reference: string,
  fault: Fault | undefined,
): void {
  const found = repository.manifests.get(repository.tags.get(reference) ?? reference);
  if (found === undefined) {
    sendError(response, 404, "MANIFEST_UNKNOWN", `no manifest ${reference}`);
    return;
  }
  response.setHeader("content-type", found.descriptor.mediaType);
  response.setHeader("docker-content-digest", found.descriptor.digest);
  send(response, request, found.bytes, fault);
}

function sendBlob(
  response: ServerResponse,
  request: RegistryRequest,
  found: FixtureDocument | undefined,
  fault: Fault | undefined,
): void {
  if (found === undefined) {
    sendError(response, 404, "BLOB_UNKNOWN", "no such blob");
    return;
  }
  const { digest, size } = found.descriptor;
  response.setHeader("content-type", "application/octet-stream");
  response.setHeader("docker-content-digest", digest);
  response.setHeader("accept-ranges", "bytes");
  response.setHeader("etag", `"${digest}"`);
  const ignored = fault?.kind === "ignore-range" || request.method === "HEAD";
  const range = answerRange(ignored ? undefined : request.headers.range, size);
  if (range.kind === "unsatisfiable") {
    response.setHeader("content-range", `bytes */${size}`);
    sendError(response, 416, "RANGE_INVALID", "no such range");
  } else if (range.kind === "part") {
    response.statusCode = 206;
    response.setHeader("content-range", `bytes ${range.start}-${range.end - 1}/${size}`);
    send(response, request, found.bytes.subarray(range.start, range.end), fault);
  } else send(response, request, found.bytes, fault);
}

function send(
  response: ServerResponse,
  request: RegistryRequest,
  body: Buffer,
  fault: Fault | undefined,
): void {
  if (request.method === "HEAD") response.setHeader("content-length", body.length).end();
  else sendBody(response, body, isBodyFault(fault) ? fault : undefined);
}

/** distribution-spec, "Error Codes". */
function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ errors: [{ code, message, detail: {} }] }));
}
