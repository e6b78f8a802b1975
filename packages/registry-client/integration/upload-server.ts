import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listen } from "./loopback.ts";

/** What a test does instead of the server. */
export type UploadFault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** The connection breaks when so much of the request's body has come; the registry keeps it. */
  | { readonly dropAfter: number }
  /** The request is done, and its answer lost. */
  | "lose-answer";

export interface UploadRequest {
  readonly method: string;
  /** `/v2/test/blobs/uploads/1?state=a%2Bb` without `/v2/test/`. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly server: "registry" | "storage";
  /** 1 for the first request of this method. */
  readonly attempt: number;
}

export interface UploadServerOptions {
  readonly fault?: (request: UploadRequest) => UploadFault | undefined;
  /** What an upload's URL begins with. Default: nothing, a path on the same host. */
  readonly locationOrigin?: (storageHost: string) => string;
  /** In the answer that begins an upload. */
  readonly minChunkBytes?: number;
  /** Repositories that have every blob. */
  readonly mountable?: readonly string[];
  readonly listsReferrers?: boolean;
  /**
   * What it does with the digest that a manifest's tag is put with: keeps the manifest under it, or under its usual one, of
   * sha256, and says so or does not. Default: `silent`.
   */
  readonly digestOfTag?: "kept" | "ignored" | "silent";
}

export interface UploadServer {
  readonly host: string;
  readonly requests: UploadRequest[];
  /** What is there, by `blobs/DIGEST` and `manifests/NAME`. */
  readonly stored: Map<string, Buffer>;
  /** Uploads that were begun and neither ended nor deleted, with what they have. */
  readonly uploads: Map<string, Buffer>;
  /** As `METHOD path`, in order. */
  readonly seen: () => string[];
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: Buffer;
}

/** In an upload's URL, and spelled so that reading and writing it again would change it. */
const state = "state=a%2Bb%20c";

/** The push side of a registry of one repository, `test` (distribution-spec "Push"), for one test. */
export async function serveUploads(options: UploadServerOptions = {}): Promise<UploadServer> {
  const requests: UploadRequest[] = [];
  const stored = new Map<string, Buffer>();
  const uploads = new Map<string, Buffer>();
  const announced = new Map<string, Readonly<Record<string, string>>>();
  let begun = 0;
  const registry = createServer((request, response) => void answer(request, response, "registry"));
  const storage = createServer((request, response) => void answer(request, response, "storage"));
  const host = await listen(registry);
  const storageHost = await listen(storage);
  const origin = options.locationOrigin?.(storageHost) ?? "";

  async function answer(
    incoming: IncomingMessage,
    response: ServerResponse,
    server: UploadRequest["server"],
  ): Promise<void> {
    const method = incoming.method ?? "";
    const path = (incoming.url ?? "").replace("/v2/test/", "");
    const attempt = requests.filter((request) => request.method === method).length + 1;
    const request = { method, path, headers: incoming.headers, server, attempt };
    requests.push(request);
    const fault = options.fault?.(request);
    if (typeof fault === "object" && "status" in fault) {
      incoming.resume();
      response.writeHead(fault.status, fault.headers).end(fault.body);
      return;
    }
    const dropAfter = typeof fault === "object" ? fault.dropAfter : undefined;
    const body = await received(incoming, dropAfter);
    const { status, headers = {}, content } = serve(request, body, dropAfter !== undefined);
    if (fault === undefined) response.writeHead(status, headers).end(content);
    else response.destroy();
  }

  function serve(request: UploadRequest, body: Buffer, isBroken: boolean): Reply {
    const { method, path, headers } = request;
    const [resource = "", query = ""] = path.split("?");
    if (method === "POST") {
      const asked = new URLSearchParams(query);
      if (asked.has("mount") && options.mountable?.includes(asked.get("from") ?? "")) return { status: 201 };
      const id = String(++begun);
      uploads.set(id, Buffer.alloc(0));
      const least = options.minChunkBytes;
      const further = least === undefined ? {} : { "oci-chunk-min-length": String(least) };
      return { status: 202, headers: { ...location(id), ...further } };
    }
    const id = /^blobs\/uploads\/(\d+)$/.exec(resource)?.[1];
    if (id !== undefined) return serveUpload(request, id, query, body, isBroken);
    if (method === "PUT") {
      const known = stored.get(resource);
      if (headers["if-match"] !== undefined && headers["if-match"] !== etagOf(known)) return { status: 412 };
      stored.set(resource, body);
      const said = options.listsReferrers && body.includes('"subject"') ? { "oci-subject": "yes" } : {};
      return { status: 201, headers: { ...said, ...keptAs(resource, query, body) } };
    }
    const found = stored.get(resource);
    if (!found) return { status: 404 };
    return {
      status: 200,
      headers: { etag: etagOf(found), "content-length": String(found.length), ...announced.get(resource) },
      content: found,
    };
  }

  /** A manifest is found by its digest too, and its tag says which that is. */
  function keptAs(resource: string, query: string, body: Buffer): Readonly<Record<string, string>> {
    const { digestOfTag = "silent" } = options;
    const asked = new URLSearchParams(query).get("digest");
    if (asked === null && digestOfTag === "silent") return {};
    const algorithm = digestOfTag === "kept" && asked?.startsWith("sha512:") ? "sha512" : "sha256";
    const digest = `${algorithm}:${createHash(algorithm).update(body).digest("hex")}`;
    stored.set(`manifests/${digest}`, body);
    const headers = { "docker-content-digest": digest };
    announced.set(resource, headers);
    return digestOfTag === "silent" ? {} : headers;
  }

  function location(id: string) {
    return { location: `${origin}/v2/test/blobs/uploads/${id}?${state}` };
  }

  function serveUpload(
    { method, headers }: UploadRequest,
    id: string,
    query: string,
    body: Buffer,
    isBroken: boolean,
  ): Reply {
    const held = uploads.get(id);
    if (!held) return { status: 404 };
    if (!query.startsWith(state)) return { status: 400 };
    const range = { range: `0-${Math.max(0, held.length - 1)}` };
    if (method === "GET") return { status: 204, headers: { ...location(id), ...range } };
    if (method === "DELETE") {
      uploads.delete(id);
      return { status: 204 };
    }
    if (method === "PATCH" && !headers["content-range"]?.startsWith(`${held.length}-`))
      return { status: 416 };
    const whole = Buffer.concat([held, body]);
    uploads.set(id, whole);
    if (method === "PATCH")
      return { status: 202, headers: { ...location(id), range: `0-${whole.length - 1}` } };
    const digest = new URLSearchParams(query).get("digest") ?? "";
    if (isBroken) return { status: 400 };
    if (`sha256:${createHash("sha256").update(whole).digest("hex")}` !== digest) return { status: 400 };
    uploads.delete(id);
    stored.set(`blobs/${digest}`, whole);
    return { status: 201 };
  }

  return {
    host,
    requests,
    stored,
    uploads,
    seen: () =>
      requests.map(({ method, path }) => `${method} ${path.replaceAll(/sha256:[0-9a-f]{64}/g, "D")}`),
  };
}

function etagOf(bytes: Buffer | undefined): string {
  return `"${createHash("sha256")
    .update(bytes ?? "")
    .digest("hex")}"`;
}

async function received(incoming: IncomingMessage, limit: number | undefined): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of incoming as AsyncIterable<Buffer>) {
      parts.push(part);
      if (limit !== undefined && (length += part.length) >= limit) break;
    }
  } catch {
    // The client went away: what came is kept.
  }
  return Buffer.concat(parts).subarray(0, limit);
}
