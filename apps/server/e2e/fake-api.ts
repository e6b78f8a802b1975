import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Build, BuildEvent, BuildRequest, PushedImage, TreeEntry } from "@bootlayer/client";
import Fastify, { type FastifyReply } from "fastify";
import { pageRoutes } from "../src/http/page.ts";

type WithoutSequence<Event> = Event extends BuildEvent ? Omit<Event, "sequence"> : never;
export type Told = WithoutSequence<BuildEvent>;

export interface FakeApi {
  readonly url: string;
  /** In the order of asking, the newest first. */
  readonly builds: Build[];
  /** What was asked for with each `POST /v1/builds`. */
  readonly asked: BuildRequest[];
  /** X-Registry-Auth of each `POST /v1/builds`, decoded. */
  readonly logins: unknown[];
  /** What `GET /v1/pushed-images` lists, two at a time. */
  readonly pushed: PushedImage[];
  /** Last-Event-ID of each stream that was opened; empty where it had none. */
  readonly resumed: string[];
  /** What the next `POST /v1/builds` is refused with. */
  refusal: Record<string, unknown> | undefined;
  add(build: Partial<Build> & { readonly id: string }): Build;
  /** Changes the build as the event says and tells all who watch. */
  emit(id: string, event: Told, change?: Partial<Build>): void;
  /** Breaks all event streams off. */
  cut(): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const noBuild = {
  status: 404,
  title: "Not Found",
  code: "BUILD_NOT_FOUND",
  detail: "there is no build of this id",
  hint: "list the builds",
};

/** The page and an API whose builds do what the test says. */
export async function startFakeApi({
  token,
  port = 0,
  tree = {},
}: {
  token?: string;
  port?: number;
  tree?: Readonly<Record<string, readonly TreeEntry[]>>;
} = {}): Promise<FakeApi> {
  const app = Fastify({ forceCloseConnections: true });
  const builds: Build[] = [];
  const asked: BuildRequest[] = [];
  const logins: unknown[] = [];
  const pushed: PushedImage[] = [];
  const resumed: string[] = [];
  const events = new Map<string, Told[]>();
  const watchers = new Map<string, Set<ServerResponse>>();

  await app.register(pageRoutes);
  app.addHook("onRequest", async (request, reply) => {
    // As the real one: what a page of elsewhere asks changes nothing.
    if (request.method !== "GET" && request.headers.origin !== `http://${request.headers.host}`)
      return problem(reply, {
        ...noBuild,
        status: 403,
        code: "TOKEN_MISSING",
        detail: "a page of elsewhere asks",
      });
    if (!request.url.startsWith("/v1/") || token === undefined) return;
    if (request.headers.authorization === `Bearer ${token}`) return;
    return problem(reply, {
      status: 401,
      title: "Unauthorized",
      code: request.headers.authorization === undefined ? "TOKEN_MISSING" : "TOKEN_REFUSED",
      detail: "this token is not known",
      hint: "ask whoever runs the server for one",
    });
  });

  app.get("/v1/builds", (request) => {
    const { searchParams } = new URL(request.url, "http://localhost");
    const states = searchParams.getAll("state").flatMap((state) => state.split(","));
    const source = searchParams.get("source") ?? "";
    const limit = Number(searchParams.get("limit"));
    const start = Number(searchParams.get("after") ?? 0);
    const found = builds.filter(
      ({ state, request }) =>
        (states.length === 0 || states.includes(state)) && request.source.includes(source),
    );
    const next = start + limit < found.length ? String(start + limit) : undefined;
    return { builds: found.slice(start, start + limit), next };
  });
  app.post("/v1/builds", async (request, reply) => {
    const body = request.body as BuildRequest;
    asked.push(body);
    const { "x-registry-auth": login } = request.headers;
    logins.push(login && JSON.parse(Buffer.from(String(login), "base64url").toString()));
    if (api.refusal) return problem(reply, api.refusal);
    return reply
      .code(202)
      .send(add({ id: `build-${builds.length + 1}`, request: { ...body, format: body.format ?? "ext4" } }));
  });
  app.get<{ Params: { id: string } }>("/v1/builds/:id", async ({ params }, reply) => {
    return find(params.id) ?? problem(reply, noBuild);
  });
  app.post<{ Params: { id: string } }>("/v1/builds/:id/cancel", async ({ params }) => {
    emit(params.id, { kind: "cancelled", data: {} }, { state: "cancelled" });
    return find(params.id);
  });
  app.post<{ Params: { id: string } }>("/v1/builds/:id/retry", async ({ params }, reply) => {
    const again = find(params.id);
    if (!again) return problem(reply, noBuild);
    return reply.code(202).send(add({ id: `build-${builds.length + 1}`, request: again.request }));
  });
  app.delete<{ Params: { id: string } }>("/v1/builds/:id", async ({ params }, reply) => {
    builds.splice(
      builds.findIndex(({ id }) => id === params.id),
      1,
    );
    return reply.code(204).send();
  });
  app.get<{ Params: { id: string }; Querystring: { path: string; after?: string } }>(
    "/v1/builds/:id/tree",
    async ({ query }) => {
      const start = Number(query.after ?? 0);
      const entries = tree[query.path] ?? [];
      return {
        entries: entries.slice(start, start + 100),
        next: start + 100 < entries.length ? String(start + 100) : undefined,
      };
    },
  );
  app.get<{ Querystring: { after?: string } }>("/v1/pushed-images", async ({ query: { after = "" } }) => {
    const rest = pushed.filter(({ source }) => source > after);
    const images = rest.slice(0, 2);
    return { images, ...(images.length < rest.length && { next: images.at(-1)?.source }) };
  });
  app.get("/v1/builds/:id/image", async (_request, reply) => {
    return reply.header("content-disposition", 'attachment; filename="alpine-3.22.ext4"').send("disk");
  });
  app.get<{ Params: { id: string } }>("/v1/builds/:id/events", (request, reply) => {
    const { id } = request.params;
    const last = String(request.headers["last-event-id"] ?? "");
    resumed.push(last);
    reply.hijack();
    const stream = reply.raw;
    stream.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    stream.write("retry: 2000\n\n");
    const known = events.get(id) ?? [];
    known.forEach((event, index) => {
      if (index >= Number(last)) write(stream, index + 1, event);
    });
    if (["ready", "failed", "cancelled"].includes(known.at(-1)?.kind ?? "")) stream.end();
    const streams = watchers.get(id) ?? new Set();
    watchers.set(id, streams.add(stream));
    stream.on("close", () => streams.delete(stream));
  });

  function find(id: string): Build | undefined {
    return builds.find((build) => build.id === id);
  }

  function add(build: Partial<Build> & { readonly id: string }): Build {
    const whole: Build = {
      state: "queued",
      request: { source: "docker.io/library/alpine:3.22", format: "ext4" },
      createdAt: "2026-05-04T03:02:01.000Z",
      attempts: 0,
      cancelRequested: false,
      ...build,
    };
    builds.unshift(whole);
    return whole;
  }

  function emit(id: string, event: Told, change: Partial<Build> = {}): void {
    const index = builds.findIndex((build) => build.id === id);
    const build = builds[index];
    if (build) builds[index] = { ...build, ...change };
    const known = [...(events.get(id) ?? []), event];
    events.set(id, known);
    for (const stream of watchers.get(id) ?? []) {
      write(stream, known.length, event);
      if (["ready", "failed", "cancelled"].includes(event.kind)) stream.end();
    }
  }

  await app.listen({ host: "127.0.0.1", port });
  const api: FakeApi = {
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/`,
    builds,
    asked,
    logins,
    pushed,
    resumed,
    refusal: undefined,
    add,
    emit,
    cut() {
      for (const streams of watchers.values()) for (const stream of streams) stream.destroy();
    },
    close: () => app.close(),
    [Symbol.asyncDispose]: () => app.close(),
  };
  return api;
}

function problem(reply: FastifyReply, body: Record<string, unknown>): FastifyReply {
  return reply.code(Number(body["status"])).type("application/problem+json").send(JSON.stringify(body));
}

function write(stream: ServerResponse, sequence: number, { kind, data }: Told): void {
  stream.write(`id: ${sequence}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
}
