import {
  createRegistryClient,
  dockerConfigCredentials,
  type RegistryClient,
} from "@bootlayer/registry-client";
import type { Environment } from "./build-options.ts";
import type { BuildEvent } from "./events.ts";
import { version } from "./version.ts";

/** What of the environment concerns registries. */
export type RegistryEnvironment = Pick<
  Environment,
  "plainHttp" | "registries" | "tokenHosts" | "allowAddress" | "maxConnectionsPerHost" | "maxConnections"
>;

/** The way to registries, as the machine and the caller say; to be closed at the end. */
export function connectRegistry(
  {
    plainHttp,
    registries,
    tokenHosts = [],
    allowAddress,
    maxConnectionsPerHost,
    maxConnections,
  }: RegistryEnvironment,
  onEvent: (event: BuildEvent) => void,
): RegistryClient {
  return createRegistryClient({
    ...(registries ?? { credentials: dockerConfigCredentials() }),
    tokenHosts: () => tokenHosts,
    onEvent,
    userAgent: `bootlayer/${version}`,
    ...(plainHttp === true ? { plainHttp: true } : {}),
    ...(allowAddress === undefined ? {} : { allowAddress }),
    ...(maxConnectionsPerHost === undefined ? {} : { maxConnectionsPerHost }),
    ...(maxConnections === undefined ? {} : { maxConnections }),
  });
}
