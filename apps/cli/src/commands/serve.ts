import type { CliContext } from "../context.ts";
import { usageError } from "../usage-error.ts";

/** The settings of the server, by their names; it says itself what is wrong with one. */
export interface ServeFlags {
  readonly listen?: string;
  readonly store?: string;
  readonly databaseUrl?: string;
  readonly artifacts?: string;
  readonly s3Endpoint?: string;
  readonly s3Region?: string;
  readonly s3PathStyle?: boolean;
  readonly concurrency?: string;
  readonly drain?: string;
  readonly tokens?: boolean;
  readonly privateSources?: boolean;
  readonly ownName?: readonly string[];
  readonly fetchDisks?: readonly string[];
  readonly buildOnPush?: boolean;
  readonly bodyLimit?: string;
  readonly requestsPerMinute?: string;
  readonly buildsPerToken?: string;
  readonly diskLimit?: string;
  readonly retainUnused?: string;
  readonly retainBytes?: string;
  readonly retainImages?: string;
  readonly history?: string;
  readonly logLevel?: string;
}

export async function serve(this: CliContext, flags: ServeFlags): Promise<void> {
  const { runServer } = await loadServer();
  await runServer({ ...flags }, this.process, this.signal);
}

/** A package of its own, which comes with the clone and is installed beside the one-file CLI. */
async function loadServer(): Promise<typeof import("@bootlayer/server")> {
  // What one command that reads a few documents saves (see bundle.ts) costs a server with every request.
  Object.assign(globalThis, { __zod_globalConfig: {} });
  try {
    return await import("@bootlayer/server");
  } catch (error) {
    if (error instanceof Error && "code" in error && String(error.code).endsWith("MODULE_NOT_FOUND"))
      throw usageError(
        "the server is not installed here: npm install @bootlayer/server beside this CLI, or run bootlayer-server from that package",
      );
    throw error;
  }
}
