import { LogController, type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from "fastify";
import { BootlayerError } from "@bootlayer/errors";

/** Names of members that hold secrets, wherever in an object they are. */
const secrets = [
  "authorization",
  "password",
  "identityToken",
  "secret",
  "token",
  "registryAuth",
  "x-registry-auth",
];

/**
 * What goes into the log, a line of JSON each. Of a request: method and path. No header, no body, and no query, since addresses may
 * carry signatures; what is logged by hand loses the members that hold secrets.
 */
export function logOptions(
  level: string,
  destination: { write(line: string): void } | undefined,
): NonNullable<FastifyServerOptions["logger"]> {
  return {
    level,
    redact: {
      paths: secrets.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
      censor: "[redacted]",
    },
    serializers: {
      req: (request: FastifyRequest) => ({
        method: request.method,
        path: request.url.split("?", 1)[0],
        remoteAddress: request.ip,
      }),
      err: (error: unknown) => errorForLog(error),
    },
    ...(destination && { stream: destination }),
  };
}

/** Fastify's own lines, without the two of each request: see `logRequests`. */
export function requestLines(): LogController {
  return Object.assign(new LogController(), { incomingRequest() {}, requestCompleted() {} });
}

/** One line for each request, once its answer has ended or its client has gone: `cut` tells those of whom not all was sent. */
export function logRequests(app: FastifyInstance): void {
  app.addHook("onRequest", (request, { raw }, done) => {
    const begin = performance.now();
    raw.once("close", () => {
      const milliseconds = Math.round(performance.now() - begin);
      const cut = raw.writableFinished ? undefined : true;
      request.log.info({ req: request, status: raw.statusCode, milliseconds, cut }, "request");
    });
    done();
  });
}

type LoggedError = {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
  readonly code?: string;
  readonly cause?: LoggedError;
};

/** With causes, to some depth; queries of addresses and credentials in them are cut out of every text. */
export function errorForLog(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error))
    return { type: typeof error, message: withoutQueries(String(error)), stack: "" };
  const { cause } = error;
  return {
    type: error.name,
    message: withoutQueries(error.message),
    stack: withoutQueries(error.stack ?? ""),
    ...(error instanceof BootlayerError && { code: error.code }),
    ...(cause !== undefined && depth < 4 && { cause: errorForLog(cause, depth + 1) }),
  };
}

function withoutQueries(text: string): string {
  return text
    .replaceAll(/(https?:\/\/)[^\s/@"']*@/g, "$1")
    .replaceAll(/(https?:\/\/[^\s?"']*)\?[^\s"']*/g, "$1?[redacted]")
    .replaceAll(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, "$1 [redacted]");
}
