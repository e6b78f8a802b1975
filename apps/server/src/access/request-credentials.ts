import type { RegistrySettings } from "@bootlayer/image-builder";

type CredentialSource = RegistrySettings["credentials"];
/** What a request brought to read its source with. */
export type RegistryCredentials = NonNullable<Awaited<ReturnType<CredentialSource>>>;

/**
 * Registry credentials of requests, by build, in this process's memory and nowhere else: not in the database, logs, events or errors.
 */
export interface RequestCredentials {
  hold(buildId: string, credentials: RegistryCredentials): void;
  /** Undefined: the build has none, or this is another process than the one that held them. */
  of(buildId: string): RegistryCredentials | undefined;
  /** At the end of the build, whatever the end; overwrites the secret. */
  drop(buildId: string): void;
  readonly size: number;
}
