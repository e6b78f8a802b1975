import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fastify from "fastify";
import { digestOf, mediaTypes, type Digest } from "@bootlayer/image-spec";
import { onTestFinished } from "vitest";
import { openDiskRoom } from "../../src/disk-room.ts";
import type { FaceContext } from "../../src/registry/open-face.ts";
import { registryFace } from "../../src/registry/registry-face.ts";
import type { ServerSettings } from "../../src/settings.ts";
import { testSettings } from "../test-settings.ts";

/** A registry face on loopback. */
export interface ServedRegistry {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly store: string;
  /** A request below `/v2/`. */
  ask(method: string, path: string, init?: RequestInit): Promise<Response>;
  /** The blob's bytes in one request. */
  upload(repository: string, bytes: Uint8Array): Promise<Digest>;
  put(repository: string, reference: string, bytes: Uint8Array, mediaType?: string): Promise<Response>;
  close(): Promise<void>;
}

export interface ServeOptions {
  /** Default: a new one, which goes with the test. */
  readonly store?: string;
  readonly settings?: Partial<ServerSettings>;
}

/** Nothing here is built: what that takes is not there. */
function contextOf(settings: ServerSettings): FaceContext {
  return { settings, room: openDiskRoom(settings) } as FaceContext;
}

export async function temporaryStore(): Promise<string> {
  const store = await mkdtemp(join(tmpdir(), "registry-face-"));
  onTestFinished(() => rm(store, { recursive: true, force: true }));
  return store;
}

export async function serveRegistry(options: ServeOptions = {}): Promise<ServedRegistry> {
  const store = options.store ?? (await temporaryStore());
  const app = fastify({ forceCloseConnections: true });
  const settings = testSettings(store, options.settings);
  await app.register((scope) => registryFace(scope, contextOf(settings)));
  const url = await app.listen(settings.listen);
  const close = () => app.close();
  onTestFinished(close);

  async function ask(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${url}/v2/${path}`, { method, redirect: "error", ...init });
  }
  // Its directories are made by then.
  await ask("GET", "");
  return {
    host: new URL(url).host,
    store,
    ask,
    async upload(repository, bytes) {
      const digest = digestOf(bytes);
      const answer = await ask("POST", `${repository}/blobs/uploads/?digest=${digest}`, {
        body: Buffer.from(bytes),
      });
      if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
      return digest;
    },
    put: (repository, reference, bytes, mediaType = mediaTypes.ociManifest) =>
      ask("PUT", `${repository}/manifests/${reference}`, {
        body: Buffer.from(bytes),
        headers: { "content-type": mediaType },
      }),
    close,
  };
}

/** The codes of an answer that refuses. */
export async function codesOf(answer: Response): Promise<readonly string[]> {
  const { errors } = (await answer.json()) as { errors: readonly { code: string; message: string }[] };
  return errors.map(({ code }) => code);
}
