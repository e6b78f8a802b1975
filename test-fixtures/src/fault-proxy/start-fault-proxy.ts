import {
  createServer,
  ServerResponse,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import { Readable } from "node:stream";
import { createProxyServer } from "http-proxy-3";
import { listen, stop } from "../registry/listen.ts";
import type { ProxyFault } from "./proxy-fault.ts";
import { cut, flushed, sendAnswer } from "./send-answer.ts";
import { storageUrls } from "./storage-urls.ts";

export interface ProxyRequest {
  readonly method: string;
  /** With its query; at the storage port, that of the request that was redirected. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Who was asked: the proxy in the registry's place, or its second port, which redirects lead to. */
  readonly server: "registry" | "storage";
  /** 1 for the first request of this method and path at this port, 2 for the next. Upload sessions count as one path. */
  readonly attempt: number;
}

/** Which fault a request meets, if any. */
export type FaultSchedule = (request: ProxyRequest) => ProxyFault | undefined;

export interface FaultProxyOptions {
  /** The registry behind it, `host:port`, spoken to over plain HTTP. */
  readonly target: string;
  readonly schedule?: FaultSchedule;
}

export interface FaultProxy {
  /** `127.0.0.1:PORT`, to be used in the registry's place. */
  readonly host: string;
  /** Where `redirect` faults lead, `127.0.0.1:PORT`. */
  readonly storageHost: string;
  /** Every request so far, with the fault it met, in order of arrival. */
  readonly requests: readonly (ProxyRequest & { readonly fault: ProxyFault | undefined })[];
  /** Open connections are cut. */
  readonly close: () => Promise<void>;
}

/** Stands before any registry on loopback and lets requests go wrong as a schedule says. */
export async function startFaultProxy({
  target,
  schedule = () => undefined,
}: FaultProxyOptions): Promise<FaultProxy> {
  const requests: (ProxyRequest & { readonly fault: ProxyFault | undefined })[] = [];
  const attempts = new Map<string, number>();
  const faults = new WeakMap<IncomingMessage, ProxyFault>();
  const forwarded = new WeakMap<IncomingMessage, ClientRequest>();
  const urls = storageUrls();
  const proxy = createProxyServer({
    target: `http://${target}`,
    selfHandleResponse: true,
  });
  proxy.on("proxyReq", (outgoing, request) => {
    forwarded.set(request, outgoing);
  });
  proxy.on("proxyRes", (answer, request, response) => {
    void sendAnswer(answer, response, faults.get(request));
  });
  proxy.on("error", (_error, _request, response) => {
    if (response instanceof ServerResponse) cut(response);
  });

  function faultOf(incoming: IncomingMessage, server: ProxyRequest["server"]): ProxyFault | undefined {
    const { method = "GET", url: path = "/", headers } = incoming;
    const key = `${server} ${method} ${path.replace(/(\/blobs\/uploads\/).*$/, "$1")}`;
    const attempt = (attempts.get(key) ?? 0) + 1;
    attempts.set(key, attempt);
    const request = { method, path, headers, server, attempt };
    const fault = schedule(request);
    requests.push({ ...request, fault });
    if (fault) faults.set(incoming, fault);
    return fault;
  }

  function pass(request: IncomingMessage, response: ServerResponse, server: ProxyRequest["server"]): void {
    pinSocket(request);
    const fault = faultOf(request, server);
    if (fault?.kind === "lose-request") cut(response);
    else if (fault?.kind === "answer") response.writeHead(fault.status, fault.headers).end(fault.body);
    else if (fault?.kind === "redirect" && server === "registry")
      response.writeHead(307, { location: `http://${storageHost}${urls.grant(request, fault)}` }).end();
    else if (fault?.kind === "lose-upload") {
      const upload = uploadUntil(request, fault.afterBytes, async () => {
        const outgoing = forwarded.get(request);
        if (outgoing) await flushed(outgoing);
        cut(response);
      });
      proxy.web(request, response, { buffer: Readable.from(upload, { objectMode: false }) });
    } else {
      if (fault?.kind === "ignore-range") delete request.headers.range;
      proxy.web(request, response);
    }
  }

  const registryServer = createServer((request, response) => {
    pass(request, response, "registry");
  });
  const storageServer = createServer((request, response) => {
    if (urls.redeem(request)) pass(request, response, "storage");
    else response.writeHead(403, { "content-type": "application/xml" }).end(expired);
  });
  const host = await listen(registryServer);
  const storageHost = await listen(storageServer);
  const close = async () => void (await Promise.all([registryServer, storageServer].map(stop)));
  return { host, storageHost, requests, close };
}

/** http-proxy-3 2.0.1 asks a request that broke for its socket's state, and Node has taken the socket away by then. */
function pinSocket(request: IncomingMessage): void {
  const { socket } = request;
  Object.defineProperty(request, "socket", { get: () => socket, set() {} });
}

/** As S3 says it. */
const expired = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";

async function* uploadUntil(
  upload: AsyncIterable<Uint8Array>,
  end: number,
  onEnd: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  let position = 0;
  for await (const chunk of upload) {
    yield chunk.subarray(0, end - position);
    position += chunk.length;
    if (position < end) continue;
    await onEnd();
    return;
  }
}
