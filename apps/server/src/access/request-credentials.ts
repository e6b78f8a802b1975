import { registryLogin, type RegistrySettings } from "@bootlayer/image-builder";
import * as z from "zod";
import { ServerError } from "../errors.ts";

type CredentialSource = RegistrySettings["credentials"];
/** What a request brought to read its source with. */
export type RegistryCredentials = NonNullable<Awaited<ReturnType<CredentialSource>>>;

/** The header that brings them, as Docker's engine has it; so they are in no body, which is kept. */
export const registryAuthHeader = "x-registry-auth";

/** Well above what Docker's clients send: identity tokens of some registries are of several KiB. */
const maxHeaderLength = 12 * 1024;

const headerSchema = z.object({
  username: z.string().default(""),
  password: z.string().default(""),
  identitytoken: z.string().default(""),
  registrytoken: z.string().default(""),
});

/**
 * Reads an `X-Registry-Auth` header: base64url of a JSON object with `username` and `password`, or `identitytoken`, or
 * `registrytoken` (Docker Engine API, "Authentication"). Other members are passed over, `serveraddress` too: the credentials are for
 * the source's registry and for no other. An object without any is no credentials.
 *
 * @throws {ServerError} REQUEST_INVALID, which quotes nothing of the header.
 */
export function parseRegistryAuth(
  header: string | readonly string[] | undefined,
): RegistryCredentials | undefined {
  if (header === undefined || header === "") return undefined;
  const login = typeof header === "string" ? decode(header) : undefined;
  if (login === undefined)
    throw new ServerError(
      "REQUEST_INVALID",
      "the header X-Registry-Auth is not base64url of a JSON object with texts",
      'encode {"username":"…","password":"…"} or {"identitytoken":"…"}',
    );
  if (login.identitytoken !== "")
    return { kind: "identity-token", username: login.username, token: login.identitytoken };
  if (login.registrytoken !== "") return { kind: "registry-token", token: login.registrytoken };
  if (login.username === "" && login.password === "") return undefined;
  return registryLogin({ username: login.username, secret: login.password });
}

function decode(header: string): z.output<typeof headerSchema> | undefined {
  // Docker's clients pad, and some write the other alphabet: Node reads both.
  if (header.length > maxHeaderLength || !/^[\w+/-]+={0,2}$/.test(header)) return undefined;
  try {
    return headerSchema.safeParse(JSON.parse(Buffer.from(header, "base64").toString("utf8"))).data;
  } catch {
    // What JSON.parse throws quotes its input.
    return undefined;
  }
}

/**
 * Registry credentials of requests, by build, in this process's memory and nowhere else: not in the database, logs, events or errors.
 */
export interface RequestCredentials {
  hold(buildId: string, credentials: RegistryCredentials): void;
  /** Undefined: the build has none, or this is another process than the one that held them. */
  of(buildId: string): RegistryCredentials | undefined;
  /** At the end of the build, whatever the end; overwrites the secret. */
  drop(buildId: string): void;
  /** Which builds credentials are held for, and since when (milliseconds since 1970). */
  builds(): Iterable<readonly [buildId: string, since: number]>;
  readonly size: number;
}

export function createRequestCredentials(): RequestCredentials {
  // As bytes: a text could not be overwritten.
  const held = new Map<string, { readonly bytes: Buffer; readonly since: number }>();

  function drop(buildId: string): void {
    held.get(buildId)?.bytes.fill(0);
    held.delete(buildId);
  }

  return {
    hold(buildId, credentials) {
      drop(buildId);
      const text = JSON.stringify(credentials);
      // Not from the pool that other buffers share.
      const bytes = Buffer.alloc(Buffer.byteLength(text));
      bytes.write(text);
      held.set(buildId, { bytes, since: Date.now() });
    },
    of(buildId) {
      const bytes = held.get(buildId)?.bytes;
      return bytes && credentialsSchema.parse(JSON.parse(bytes.toString()));
    },
    drop,
    builds: () => Array.from(held, ([buildId, { since }]) => [buildId, since] as const),
    get size() {
      return held.size;
    },
  };
}

const credentialsSchema: z.ZodType<RegistryCredentials> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("password"), username: z.string(), password: z.string() }),
  z.strictObject({ kind: z.literal("identity-token"), username: z.string(), token: z.string() }),
  z.strictObject({ kind: z.literal("registry-token"), token: z.string() }),
]);

/**
 * The settings of a server for one build: its own, but with the request's credentials for the source's registry (`host[:port]` as
 * `parseReference` has it). Where a request brings none, the server's own logins are used, which are for all.
 */
export function withRequestCredentials(
  registries: Partial<RegistrySettings>,
  registry: string,
  credentials: RegistryCredentials | undefined,
): Partial<RegistrySettings> {
  if (credentials === undefined) return registries;
  return {
    ...registries,
    credentials: async (asked, repository) =>
      asked === registry ? credentials : await registries.credentials?.(asked, repository),
  };
}
