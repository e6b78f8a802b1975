import {
  ClientError,
  createClient,
  watchBuild,
  type BootlayerClient,
  type Build,
  type BuildEvent,
  type BuildList,
  type BuildRequest,
  type PushedImageList,
  type TreeLevel,
} from "@bootlayer/client";
import { buildStates, finalStates } from "../../src/catalogue/build.ts";
import type { BuildFilter } from "./route.ts";
import { currentToken } from "./token.ts";

/** Addresses are relative to the page's own, so that a proxy may put both below a path. */
const root = new URL(".", location.href).href;
const pageSize = 25;

/** What is asked for here throws a ClientError where the server refuses it or is not reached. */
function client(): BootlayerClient {
  return createClient({ baseUrl: root, token: currentToken() });
}

export async function listBuilds(filter: BuildFilter, signal: AbortSignal): Promise<BuildList> {
  const { state, source, format, cursor: after } = filter;
  const states = buildStates.filter((known) =>
    state === "active" ? !finalStates.has(known) : known === state,
  );
  const query = { limit: pageSize, state: states, source, format, after };
  return answerOf(await client().GET("/v1/builds", { params: { query: given(query) }, signal }));
}

export async function getBuild(id: string, signal: AbortSignal): Promise<Build> {
  return answerOf(await client().GET("/v1/builds/{id}", { ...of(id), signal }));
}

/** The new build, or the one that it joined. `login` is for the image's registry: see registry-login.tsx. */
export async function createBuild(request: BuildRequest, login: string | undefined): Promise<Build> {
  const header = given({ "x-registry-auth": login });
  return answerOf(await client().POST("/v1/builds", { params: { header }, body: request }));
}

export async function cancelBuild(id: string): Promise<void> {
  await client().POST("/v1/builds/{id}/cancel", of(id));
}

export async function retryBuild(id: string): Promise<Build> {
  return answerOf(await client().POST("/v1/builds/{id}/retry", of(id)));
}

export async function deleteBuild(id: string): Promise<void> {
  await client().DELETE("/v1/builds/{id}", of(id));
}

/** Its events from the first one on, until the final one. A server that is away is not given up: somebody looks. */
export function watchEvents(
  id: string,
  options: { readonly signal: AbortSignal; onConnection(isOpen: boolean): void },
): AsyncIterable<BuildEvent> {
  return watchBuild(client(), id, { ...options, maxFailures: Infinity });
}

/** One level of what is in the image; `after` goes on where an answer ended. */
export async function listTree(id: string, path: string, after?: string): Promise<TreeLevel> {
  const params = { path: { id }, query: given({ path, after }) };
  return answerOf(await client().GET("/v1/builds/{id}/tree", { params }));
}

/** What was pushed to the server's own registry. */
export async function listPushedImages(
  after: string | undefined,
  signal: AbortSignal,
): Promise<PushedImageList> {
  const query = given({ limit: pageSize, after });
  return answerOf(await client().GET("/v1/pushed-images", { params: { query }, signal }));
}

export function imageAddress(id: string): string {
  return `${root}v1/builds/${encodeURIComponent(id)}/image`;
}

/** The disk with this tab's token: a link cannot carry one. The browser keeps large answers on its disk. */
export async function fetchImage(id: string): Promise<Blob> {
  return answerOf(await client().GET("/v1/builds/{id}/image", { ...of(id), parseAs: "blob" }));
}

function of(id: string): { readonly params: { readonly path: { readonly id: string } } } {
  return { params: { path: { id } } };
}

/** Without what is undefined. */
function given<Values extends object>(
  values: Values,
): { [Name in keyof Values]?: NonNullable<Values[Name]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Values;
}

function answerOf<Data>({ data, response: { status } }: { data?: Data; response: Response }): Data {
  if (data !== undefined) return data;
  const hint = "see what is between the server and this machine";
  throw new ClientError("CLIENT_PROTOCOL", "the server answers with nothing", hint, { status });
}
