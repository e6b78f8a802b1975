import {
  createRegistryClient,
  dockerConfigCredentials,
  type RegistryClient,
} from "@bootlayer/registry-client";
import type { Environment } from "./build-options.ts";
import type { BuildEvent } from "./events.ts";
import { version } from "./version.ts";

/** The way to registries, as the machine and the caller say; to be closed at the end. */
export function connectRegistry(
  { plainHttp }: Pick<Environment, "plainHttp">,
  onEvent: (event: BuildEvent) => void,
): RegistryClient {
  return createRegistryClient({
    credentials: dockerConfigCredentials(),
    onEvent,
    userAgent: `bootlayer/${version}`,
    ...(plainHttp === true ? { plainHttp: true } : {}),
  });
}
