import type { TlsSettings } from "./tls-settings.ts";

/** A place where a repository's content can be asked for. */
export interface RegistryEndpoint {
  /** Of the API, with a slash at its end: `https://mirror.example/v2/`. Plain HTTP only where a person wrote it so. */
  readonly api: URL;
  /** What the repository is called there. */
  readonly repository: string;
  /** Whether tags are looked up there; what a digest names is asked for in any case, unless `digests` is false. */
  readonly tags: boolean;
  readonly digests: boolean;
  /** Sent to this host alone. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `ns`: tells a proxy of several registries which one is meant (containerd's `docs/hosts.md`). */
  readonly query?: Readonly<Record<string, string>>;
  /** For this host alone; absent: as for any other host. */
  readonly tls?: TlsSettings | undefined;
}

/** How a repository's content is reached. */
export interface RegistryRoute {
  /** Asked in this order, before the registry itself. A mirror that fails in any way is passed over. */
  readonly mirrors: readonly RegistryEndpoint[];
  /**
   * Where the registry itself is, if not where its name says; a further one is for when the one before cannot be talked
   * to at all.
   */
  readonly origins: readonly RegistryEndpoint[];
  /** The file that says that nothing may be asked of this repository. */
  readonly blockedBy?: string | undefined;
}

/** Finds the way to a repository. Undefined: to the registry itself, where its name says. */
export type RouteSource = (registry: string, repository: string) => Promise<RegistryRoute | undefined>;
