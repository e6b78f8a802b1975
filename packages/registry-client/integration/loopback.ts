import { once } from "node:events";
import type { Server } from "node:http";
import { parsePlatform, type Platform } from "@bootlayer/image-spec";
import {
  image,
  layerBlob,
  startRegistry,
  tarArchive,
  type DockerRegistry,
  type FixtureImage,
  type Registry,
  type RegistryOptions,
} from "@bootlayer/test-fixtures";
import { onTestFinished } from "vitest";
import {
  createRegistryClient,
  type Clock,
  type Credentials,
  type RegistryClient,
  type RegistryClientOptions,
  type RegistryEvent,
} from "../src/index.ts";

export const amd64: Platform = parsePlatform("linux/amd64");

/** 200,000 bytes that no compression shortens, so that a download can break at many places. */
export const content: Buffer = Buffer.from(
  Uint8Array.from({ length: 200_000 }, (_, index) => (index * index * 31 + (index >> 7)) & 0xff),
);

export const small: FixtureImage = image([layerBlob(tarArchive([{ name: "file", content }]), "none")]);
export const layer: FixtureImage["layers"][number] = layerBlob(
  tarArchive([{ name: "file", content }]),
  "none",
);

/** A registry for one test; it serves `small` as test:latest unless told otherwise. */
export async function serve(options: RegistryOptions = {}): Promise<Registry> {
  const registry = await startRegistry({ images: { "test:latest": small }, ...options });
  onTestFinished(() => registry.close());
  return registry;
}

/** Has a server listen on loopback until the test ends; gives its host. */
export async function listen(server: Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

/** What the one account of a registry logs in with; undefined where the registry is open to all. */
export function credentialsOf({ account }: DockerRegistry): Credentials | undefined {
  return account && { kind: "password", username: account.user, password: account.password };
}

export interface ObservedClient {
  readonly client: RegistryClient;
  readonly events: RegistryEvent[];
  /** The pauses between attempts, in milliseconds, which are not really waited for. */
  readonly pauses: number[];
}

/** A client for one test, which waits for nothing between attempts. */
export function connect(options: RegistryClientOptions = {}): ObservedClient {
  const events: RegistryEvent[] = [];
  const pauses: number[] = [];
  const clock: Clock = {
    now: () => Date.parse("2024-01-01T00:00:00Z"),
    random: () => 1,
    sleep: async (milliseconds) => {
      pauses.push(milliseconds);
    },
  };
  const client = createRegistryClient({ clock, onEvent: (event) => events.push(event), ...options });
  onTestFinished(() => client.close());
  return { client, events, pauses };
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(new Uint8Array(chunk));
  return Buffer.concat(parts);
}
