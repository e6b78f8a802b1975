import { resolve } from "node:path";
import { parseLayerLimits, type FlattenOptions, type LayerLimits } from "@bootlayer/layer-flattener";
import type { RegistrySettings } from "@bootlayer/registry-client";
import * as z from "zod";
import { parseDiskOptions, type DiskOptions, type DiskOptionsInput } from "./disk-options.ts";
import { BuilderError } from "./errors.ts";
import type { BuildEvent } from "./events.ts";
import { parseGuestOptions, type GuestOptions, type GuestRequest } from "./guest-options.ts";

/** Where things are kept and how registries are reached; the same for every command. */
export interface Environment {
  /** Directory of the blob store and the cache of finished disks; made if absent. */
  readonly store: string;
  /** Talk plain http to registries other than those on loopback too. */
  readonly plainHttp?: boolean;
  /** Logins, mirrors, certificates and proxies. Absent: the logins that docker and podman keep, and nothing else. */
  readonly registries?: Partial<RegistrySettings>;
  /** Further token servers that a registry may send its credentials to: their hosts. */
  readonly tokenHosts?: readonly string[];
  /**
   * Asked for every connection to a registry, redirects, token servers and mirrors included, with the very address (an IP literal) and
   * the host that it was found for; false ends in REGISTRY_ADDRESS_REFUSED. Behind a proxy, which looks names up itself, only
   * addresses in URLs are asked about. Absent: all may be.
   */
  readonly allowAddress?: (address: string, host: string) => boolean;
  /**
   * Hosts of the store's own registry (`openOwnRegistry`), as references spell them: what was pushed there is found in the
   * store by buildDisk, inspectImage and listFiles, and never asked for by a request.
   */
  readonly ownRegistries?: readonly string[];
  /** Requests under way at once to one host of a registry; 6 if absent. */
  readonly maxConnectionsPerHost?: number;
  /** The same to all hosts together, mirrors and storage among them; 16 if absent. */
  readonly maxConnections?: number;
  /** What the sources `-` and `tar:-` read, once: a command's standard input. */
  readonly input?: AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: BuildEvent) => void;
}

/** A disk to be built. */
export interface BuildRequest {
  /** What `parseSource` reads: a reference in a registry, a layout, an archive, an engine's image, a root file system. */
  readonly source: string;
  /** Where the disk goes; a file that is there is replaced when the disk is whole. */
  readonly output: string;
  /** `os/architecture[/variant]`; default: linux on this machine's architecture. */
  readonly platform?: string | undefined;
  readonly disk?: DiskOptionsInput;
  /** Makes a machine of the image; without it the disk holds the image alone. */
  readonly guest?: GuestRequest | undefined;
  /** Whether a disk of the same key may come from the cache and this one be kept there; default true. */
  readonly cache?: boolean;
  /** Whether the result has the disk's sha256, which reads all of it once more; default false. */
  readonly sha256?: boolean;
  /** SOURCE_DATE_EPOCH: seconds since 1970 that the file system carries as its time. */
  readonly sourceDateEpoch?: string | undefined;
  /** What an image may ask before it is refused; does not change the bytes of a disk. */
  readonly limits?: Partial<LayerLimits>;
  /** Threads that decompress ahead of the writer; 0 to do everything on the calling one. Does not change the bytes. */
  readonly readAheadThreads?: number;
}

export interface BuildOptions {
  readonly output: string;
  readonly disk: DiskOptions;
  readonly guest: GuestOptions | undefined;
  readonly cache: boolean;
  readonly sha256: boolean;
  readonly flatten: Pick<FlattenOptions, "limits" | "readAheadThreads">;
}

const schema = z.object({
  output: z.string().min(1, "names no file"),
  cache: z.boolean().default(true),
  sha256: z.boolean().default(false),
});

/** @throws {BuilderError} OPTIONS_INVALID. @throws {FlattenError} FLATTEN_OPTIONS. @throws {GuestError} GUEST_CONFIG. */
export function parseBuildOptions(request: BuildRequest): BuildOptions {
  const { success, data, error: cause } = schema.safeParse(request);
  if (!success)
    throw new BuilderError("OPTIONS_INVALID", z.prettifyError(cause), "see the options of build", { cause });
  const output = resolve(data.output);
  const { disk, guest } = parseIdentityOptions(request);
  if (guest?.as === "initrd" && guest.initrd === output)
    throw new BuilderError(
      "OPTIONS_INVALID",
      `the disk and its initrd would both be ${output}`,
      "give the initrd another path",
    );
  return {
    output,
    disk,
    guest,
    cache: data.cache,
    sha256: data.sha256,
    flatten: {
      limits: parseLayerLimits(request.limits),
      ...(request.readAheadThreads === undefined ? {} : { readAheadThreads: request.readAheadThreads }),
    },
  };
}

/** The options that the key is made of. @throws {BuilderError} OPTIONS_INVALID. @throws {GuestError} GUEST_CONFIG. */
export function parseIdentityOptions({
  disk,
  guest,
}: Pick<BuildRequest, "disk" | "guest">): Pick<BuildOptions, "disk" | "guest"> {
  return { disk: parseDiskOptions(disk ?? {}), guest: parseGuestOptions(guest) };
}

/** Says of a request whether its options are sound, before a source is asked for. @throws as `parseIdentityOptions`. */
export function checkBuildOptions(request: Pick<BuildRequest, "disk" | "guest">): void {
  parseIdentityOptions(request);
}
