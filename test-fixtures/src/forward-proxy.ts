import { createServer, request as forward, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import type { CertificateFiles } from "./docker-registry/certificates.ts";
import { listen, stop } from "./registry/listen.ts";

export interface ForwardProxyOptions {
  /** The status of every answer, in place of what is asked for. */
  readonly refuse?: number | undefined;
  /** Speaks TLS as this. */
  readonly tls?: CertificateFiles | undefined;
}

export interface ForwardProxy {
  readonly host: string;
  /** What it was asked to reach, as `METHOD HOST PROXY-AUTHORIZATION`. */
  readonly seen: readonly string[];
  readonly close: () => Promise<void>;
}

/** A forward proxy (RFC 9110, 7.6 and 9.3.6) that leads every host, whatever its name, to its port on loopback. */
export async function startForwardProxy({ refuse, tls }: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const seen: string[] = [];

  function answer(incoming: IncomingMessage, response: ServerResponse): void {
    const url = new URL(incoming.url ?? "");
    const authorization = incoming.headers["proxy-authorization"] ?? "";
    seen.push(`${incoming.method} ${url.host} ${authorization}`);
    if (refuse !== undefined) return void response.writeHead(refuse).end();
    const { "proxy-authorization": _, ...headers } = incoming.headers;
    const { method } = incoming;
    const { port, pathname, search } = url;
    forward({ host: "127.0.0.1", port, method, path: `${pathname}${search}`, headers }, (given) => {
      response.writeHead(given.statusCode ?? 502, given.headers);
      given.pipe(response);
    }).end();
  }

  function tunnel(incoming: IncomingMessage, client: Duplex): void {
    seen.push(`CONNECT ${incoming.url} ${incoming.headers["proxy-authorization"] ?? ""}`);
    if (refuse !== undefined) return void client.end(`HTTP/1.1 ${refuse} No\r\n\r\n`);
    const port = Number(incoming.url?.split(":").at(-1));
    const upstream = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
    client.on("close", () => upstream.destroy());
    tunnels.add(client);
  }

  const tunnels = new Set<Duplex>();
  const server = tls ? createTlsServer({ cert: tls.cert, key: tls.key }, answer) : createServer(answer);
  server.on("connect", tunnel);
  const host = await listen(server);
  return {
    host,
    seen,
    async close() {
      for (const client of tunnels) client.destroy();
      await stop(server);
    },
  };
}
