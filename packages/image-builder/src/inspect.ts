import type { ResolvedImage } from "@bootlayer/image-spec";
import type { BuildRequest, Environment } from "./build-options.ts";
import { withCancellation } from "./cancellation.ts";
import { openSource } from "./open-source.ts";
import { stageClock } from "./stages.ts";

/** The image's documents for one platform; no layer is pulled. */
export async function inspectImage(
  request: Pick<BuildRequest, "source" | "platform">,
  environment: Environment,
): Promise<ResolvedImage> {
  return withCancellation(environment.signal, async (signal) => {
    const onEvent = environment.onEvent ?? (() => {});
    await using source = await openSource(request, environment, {
      clock: stageClock(onEvent),
      onEvent,
      signal,
    });
    return source.image;
  });
}
