import type { AddressInfo } from "node:net";
import type { FastifyBaseLogger } from "fastify";
import { openOwnRegistry, parseRegistry, type OwnRegistry } from "@bootlayer/image-builder";
import type { AskContext } from "../catalogue/ask-for-build.ts";
import type { RoomCheck } from "../disk-room.ts";
import { imageDirectory, uploadDirectory } from "../store-directories.ts";
import { buildOnPush, type OnPush } from "./build-on-push.ts";
import { ownAddresses } from "./own-addresses.ts";
import { openUploadSessions, type UploadSessions } from "./upload-sessions.ts";

/** What of the server the registry face needs. */
export type FaceContext = AskContext;

export interface RegistryFace {
  readonly registry: OwnRegistry;
  readonly sessions: UploadSessions;
  readonly room: RoomCheck;
  readonly onPush: OnPush;
  /** The own address that images of a request are named by, whose Host header this is. */
  addressOf(host: string | undefined): string;
  close(): Promise<void>;
}

/** `listening`: where the server listens, if it does. */
export async function openFace(
  context: FaceContext,
  listening: AddressInfo | string | null,
  log: FastifyBaseLogger,
): Promise<RegistryFace> {
  const { settings } = context;
  const port = listening !== null && typeof listening === "object" ? listening.port : settings.listen.port;
  const hosts = ownAddresses({ ...settings, listen: { ...settings.listen, port } });
  const registry = await openOwnRegistry({ store: imageDirectory(settings), hosts });
  const room = context.room.check;
  const sessions = await openUploadSessions(uploadDirectory(settings), room);
  return {
    registry,
    sessions,
    room,
    onPush: buildOnPush(context, log),
    addressOf(host = "") {
      const asked = parseRegistry(host);
      const [first] = hosts;
      if (asked !== undefined && hosts.includes(asked)) return asked;
      if (first === undefined) throw new Error("a server without an address was asked for one");
      return first;
    },
    async close() {
      await sessions.close();
      await registry[Symbol.asyncDispose]();
    },
  };
}
