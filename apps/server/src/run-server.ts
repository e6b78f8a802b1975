import { isBootlayerError } from "@bootlayer/errors";
import { parseSettings, type SettingValues } from "./parse-settings.ts";
import { startServer } from "./server.ts";

/** What of a process a server touches. */
export interface ServerProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown };
}

/**
 * Runs a server until `signal` is aborted, and then drains it. Prints a line with the address of the page once it answers, and one
 * that names the file of the first token, if there is one.
 *
 * @throws {ServerError} SERVER_SETTINGS and what `startServer` throws.
 */
export async function runServer(
  flags: SettingValues,
  { env, stdout }: ServerProcess,
  signal: AbortSignal,
): Promise<void> {
  const settings = parseSettings(flags, env);
  signal.throwIfAborted();
  const server = await startServer(settings);
  stdout.write(`bootlayer-server: ${server.url}\n`);
  if (server.tokenFile !== undefined)
    stdout.write(
      `bootlayer-server: an admin's token is in ${server.tokenFile}: read it and delete the file\n`,
    );
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await server.close();
}

/** What a person is told of what ended a server. */
export function formatServerError(error: unknown): string {
  if (isBootlayerError(error)) return `bootlayer-server: ${error.message}\n  ${error.hint} (${error.code})`;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `bootlayer-server: this is a fault of bootlayer itself, please report it\n${stack}`;
}
