import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { databaseError } from "./notify.ts";

export interface Listener extends AsyncDisposable {
  listen(channel: string, onPayload: (payload: string) => void): Promise<() => Promise<void>>;
}

const reconnectMilliseconds = 1000;

/** One connection that listens on all channels, made anew when it breaks. @throws {ServerError} SERVER_DATABASE at first. */
export async function listenOn(url: string): Promise<Listener> {
  const channels = new Map<string, Set<(payload: string) => void>>();
  const closed = new AbortController();

  async function connect(): Promise<Client> {
    const client = new Client({
      connectionString: url,
      application_name: "bootlayer-server listen",
      keepAlive: true,
    });
    client.on("notification", ({ channel, payload }) => {
      for (const onPayload of channels.get(channel) ?? []) onPayload(payload ?? "");
    });
    client.on("error", () => {});
    await client.connect();
    client.once("end", () => {
      if (!closed.signal.aborted) connected = reconnect();
    });
    for (const channel of channels.keys()) await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
    return client;
  }

  async function reconnect(): Promise<Client | undefined> {
    while (!closed.signal.aborted) {
      await sleep(reconnectMilliseconds);
      const client = await connect().catch(() => undefined);
      if (client !== undefined) return client;
    }
    return undefined;
  }

  let connected: Promise<Client | undefined> = connect().catch((cause: unknown) => {
    closed.abort();
    throw databaseError("the database does not answer", cause);
  });
  await connected;

  return {
    async listen(channel, onPayload) {
      const listeners = channels.get(channel);
      if (listeners !== undefined) listeners.add(onPayload);
      else {
        channels.set(channel, new Set([onPayload]));
        const client = await connected;
        await client?.query(`LISTEN ${client.escapeIdentifier(channel)}`);
      }
      return async () => void channels.get(channel)?.delete(onPayload);
    },
    async [Symbol.asyncDispose]() {
      closed.abort();
      const client = await Promise.race([connected, sleep(reconnectMilliseconds, undefined)]);
      await client?.end();
    },
  };
}
