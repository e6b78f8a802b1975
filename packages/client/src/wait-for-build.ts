import type { Build, BuildEvent } from "./api-types.ts";
import type { BootlayerClient } from "./client.ts";
import { ClientError } from "./errors.ts";
import { watchBuild, type WatchOptions } from "./watch-build.ts";

export interface WaitOptions extends WatchOptions {
  readonly onEvent?: ((event: BuildEvent) => void) | undefined;
}

/**
 * Waits for a build's end and answers with it, ready.
 *
 * @throws {ClientError} CLIENT_BUILD_FAILED with the reason as `problem`; CLIENT_BUILD_CANCELLED; what `watchBuild` throws.
 */
export async function waitForBuild(
  client: BootlayerClient,
  id: string,
  { onEvent, ...options }: WaitOptions = {},
): Promise<Build> {
  for await (const event of watchBuild(client, id, options)) onEvent?.(event);
  const { data: build } = await client.GET("/v1/builds/{id}", {
    params: { path: { id } },
    ...(options.signal && { signal: options.signal }),
  });
  if (build?.state === "ready") return build;
  if (build?.state === "failed") {
    const { problem } = build;
    throw new ClientError(
      "CLIENT_BUILD_FAILED",
      `build ${id} failed: ${problem?.detail ?? "the server does not say why"}`,
      problem?.hint ?? "see the server's log",
      { problem },
    );
  }
  if (build?.state === "cancelled")
    throw new ClientError("CLIENT_BUILD_CANCELLED", `build ${id} was cancelled`, "retry it");
  throw new ClientError(
    "CLIENT_PROTOCOL",
    `the events of build ${id} ended, but it is ${build?.state ?? "not told"}`,
    "see what is between the server and this machine",
  );
}
