import { maxHeaderSize, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import fastifySwagger from "@fastify/swagger";
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawServerDefault,
} from "fastify";
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";

import { authorizeRequests } from "../access/authorize.ts";
import { limitRequests } from "../access/limit-requests.ts";
import { ServerError } from "../errors.ts";
import { registryFace } from "../registry/registry-face.ts";
import type { ServerContext } from "../server-context.ts";
import { documentInfo } from "./document-info.ts";
import { noteKnownPaths, type KnownPaths } from "./known-paths.ts";
import { pageRoutes } from "./page.ts";
import { problemMediaType, toProblem } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";
import { withSharedComponents } from "./shared-components.ts";
import { withoutTwinSchemas } from "./twin-schemas.ts";
import { withUsedSchemas } from "./used-schemas.ts";
import { logOptions, logRequests, requestLines } from "./request-log.ts";
import { limitBodyTime } from "./body-time.ts";
import { measureRequests } from "./request-metrics.ts";
import { serializeOnce } from "./serialize-once.ts";
import { buildEventRoutes } from "./routes/build-events.ts";
import { buildImageRoutes } from "./routes/build-image.ts";
import { buildRoutes } from "./routes/builds.ts";
import { documentRoutes } from "./routes/document.ts";
import { garbageRoutes } from "./routes/garbage.ts";
import { healthRoutes } from "./routes/health.ts";
import { inspectRoutes } from "./routes/inspect.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { pushDiskRoutes } from "./routes/push-disk.ts";
import { pushedImageRoutes } from "./routes/pushed-images.ts";
import { tokenRoutes } from "./routes/tokens.ts";

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export interface AppOptions {
  /** Where the log goes, line by line; default: standard output. */
  readonly logTo?: { write(line: string): void };
}

/** All that this server answers over HTTP. Nothing of `context` but its settings is touched before a request comes. */
export function buildApp(context: ServerContext, { logTo }: AppOptions = {}): App {
  const { settings } = context;
  const app = fastify({
    logger: logOptions(settings.log.level, logTo),
    logController: requestLines(),
    genReqId: requestIdOf,
    bodyLimit: settings.limits.bodyBytes,
    // Streams of events would hold up the end of the server for as long as somebody watches.
    forceCloseConnections: true,
    // An upload may take as long as it takes; the other bodies are timed by limitBodyTime.
    requestTimeout: 0,
    keepAliveTimeout: 72_000,
    http: { headersTimeout: 20_000, maxHeaderSize },
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply),
    clientErrorHandler: answerMalformed,
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializeOnce);
  app.setErrorHandler(sendProblem);
  const paths = noteKnownPaths(app);
  app.setNotFoundHandler((request, reply) => answerUnrouted(paths, request, reply));
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id).header("x-content-type-options", "nosniff");
  });
  logRequests(app);
  authorizeRequests(app, context, limitRequests(app, settings));
  limitBodyTime(app);
  measureRequests(app, context);

  app.register(fastifySwagger, {
    openapi: documentInfo,
    // Routes of other protocols, which no schema of ours describes, have no tags.
    hideUntagged: true,
    transform: jsonSchemaTransform,
    transformObject: (document) =>
      withSharedComponents(withUsedSchemas(withoutTwinSchemas(jsonSchemaTransformObject(document)))),
  });
  for (const routes of [
    healthRoutes,
    metricsRoutes,
    documentRoutes,
    buildRoutes,
    buildEventRoutes,
    buildImageRoutes,
    pushDiskRoutes,
    pushedImageRoutes,
    inspectRoutes,
    garbageRoutes,
    tokenRoutes,
  ])
    app.register(async (scope) => routes(scope.withTypeProvider<ZodTypeProvider>(), context));
  app.register(pageRoutes);
  app.register(async (scope) => registryFace(scope, context));
  return app;
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, body, unexpected } = toProblem(error, request.id);
  if (unexpected) request.log.error({ err: error }, body.title);
  else request.log.info({ code: body.code, detail: body.detail }, "refused");
  // What was meant for the answer that failed.
  for (const name of ["etag", "last-modified", "content-disposition", "content-encoding", "repr-digest"])
    reply.removeHeader(name);
  reply
    .status(status)
    .header("x-request-id", request.id)
    .header("cache-control", "no-store")
    .type(problemMediaType)
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(body);
}

function answerUnrouted(paths: KnownPaths, request: FastifyRequest, reply: FastifyReply): void {
  const [path = ""] = request.url.split("?", 1);
  const methods = paths.methodsOf(path);
  if (methods === undefined) {
    const error = new ServerError(
      "ROUTE_NOT_FOUND",
      `there is nothing at ${path.slice(0, 200)}`,
      "see /v1/openapi.json",
    );
    return sendProblem(error, request, reply);
  }
  const allow = [...methods, "OPTIONS"].join(", ");
  reply.header("allow", allow);
  if (request.method === "OPTIONS") return void reply.status(204).send();
  const error = new ServerError(
    "METHOD_NOT_ALLOWED",
    `${path} knows no ${request.method}`,
    `it knows ${allow}`,
  );
  sendProblem(error, request, reply);
}

/** What is no HTTP, or too long a head, has no request to answer: it is told in the same form and cut off. */
function answerMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const status =
    error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  const refusal = Object.assign(
    new ServerError("REQUEST_INVALID", "what came is no sound HTTP request", "see RFC 9112"),
    { status },
  );
  const { body } = toProblem(refusal, requestIdOf({ headers: {} }));
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} ${body.title}\r\ncontent-type: ${problemMediaType}\r\nconnection: close\r\n` +
      `x-request-id: ${body.requestId}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}
