import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** A Docker engine as far as one may ask it for images (Docker Engine API, "Export an image"). */
export interface DockerDaemon {
  /** What DOCKER_HOST is to say. */
  readonly dockerHost: string;
  /** Paths with their queries, as they came. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export interface DockerDaemonOptions {
  /** Where it listens: a path of a socket; without it, a port on loopback. */
  readonly socket?: string;
  /** Archives by the name that they are asked for. */
  readonly images?: Readonly<Record<string, Uint8Array>>;
  /** Answers itself where it wants to: errors as the engine writes them, broken answers. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export async function startDockerDaemon({
  socket,
  images = {},
  answer = () => false,
}: DockerDaemonOptions): Promise<DockerDaemon> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    if (answer(request, response)) return;
    const path = new URL(request.url ?? "", "http://docker").pathname;
    const [, name = ""] = /^\/images\/(.+)\/get$/.exec(decodeURIComponent(path)) ?? [];
    const image = images[name];
    if (image === undefined) {
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify({ message: `No such image: ${name}` }));
      return;
    }
    response.writeHead(200, { "content-type": "application/x-tar" });
    // In pieces, as an engine does that makes the archive as it sends it.
    for (let at = 0; at < image.length; at += 10_000) response.write(image.subarray(at, at + 10_000));
    response.end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if (socket === undefined) server.listen(0, "127.0.0.1", resolve);
    else server.listen(socket, resolve);
  });
  const address = server.address();
  return {
    dockerHost:
      typeof address === "object" && address !== null
        ? `tcp://127.0.0.1:${address.port}`
        : `unix://${socket ?? ""}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
