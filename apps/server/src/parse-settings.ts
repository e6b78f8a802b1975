import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { isRepository, parseDiskSize, parseRegistry, registrySettings } from "@bootlayer/image-builder";
import * as z from "zod";
import { isLoopbackAddress } from "./access/loopback.ts";
import { ServerError } from "./errors.ts";
import { ownAddresses } from "./registry/own-addresses.ts";
import { isSettingName, settingFlags, type SettingName } from "./settings-flags.ts";
import type { ArtifactSettings, ServerSettings } from "./settings.ts";

/** As a command line gives them. */
export type SettingValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
type Environment = Readonly<Record<string, string | undefined>>;

const prefix = "BOOTLAYER_SERVER_";

const wholeNumber = z
  .string()
  .regex(/^[1-9]\d{0,8}$/, "is no whole number from 1 on")
  .transform(Number);
const bytes = z.string().transform((text, context) => {
  try {
    const size = parseDiskSize(text);
    if (size.kind === "bytes") return size.bytes;
  } catch {
    // Said below.
  }
  context.addIssue(`${JSON.stringify(text)} is no size such as 512M or 20G`);
  return z.NEVER;
});
const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const seconds = z
  .string()
  .regex(/^\d{1,7}[smhd]$/, "is no time such as 60s, 15m, 12h or 30d")
  .transform((text) => Number(text.slice(0, -1)) * (secondsOf[text.slice(-1)] ?? 1));
const flag = z.union([
  z.boolean(),
  z.enum(["true", "1", "yes", "false", "0", "no", ""]).transform((text) => /^[t1y]/.test(text)),
]);
const list = z.union([
  z.array(z.string()),
  z.string().transform((text) => text.split(",").filter((name) => name !== "")),
]);
const listen = z.string().transform((text, context) => {
  const [, host, port] = /^(?:(\[[^\]]+\]|[^:]+):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    context.addIssue("is no HOST:PORT");
    return z.NEVER;
  }
  return { host: (host ?? "127.0.0.1").replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
});

const schema = z.strictObject({
  listen: listen.prefault("127.0.0.1:7480"),
  store: z.string().min(1).optional(),
  databaseUrl: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "is no URL of a PostgreSQL")
    .optional(),
  artifacts: z.string().min(1).optional(),
  s3Endpoint: z.url({ protocol: /^https?$/ }).optional(),
  s3Region: z.string().min(1).default("us-east-1"),
  s3PathStyle: flag.default(false),
  concurrency: wholeNumber.default(2),
  drain: seconds.default(60),
  tokens: flag.optional(),
  privateSources: flag.default(false),
  ownName: list.default([]),
  buildOnPush: flag.default(false),
  fetchDisks: list.default([]),
  bodyLimit: bytes.default(2 ** 20),
  requestsPerMinute: wholeNumber.default(6000),
  buildsPerToken: wholeNumber.default(1000),
  diskLimit: bytes.optional(),
  retainUnused: seconds.optional(),
  retainBytes: bytes.optional(),
  retainImages: seconds.default(7 * 86_400),
  history: seconds.default(30 * 86_400),
  logLevel: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
} satisfies Record<SettingName, z.ZodType>);

/**
 * What a server is started with: flags, then the environment (`BOOTLAYER_SERVER_*`, `DATABASE_URL`), then defaults.
 *
 * @throws {ServerError} SERVER_SETTINGS: unknown, malformed, or one contradicts another.
 */
export function parseSettings(flags: SettingValues, env: Environment): ServerSettings {
  const given = { ...fromEnvironment(env), ...withoutUndefined(flags) };
  const { data, error: cause } = schema.safeParse(given);
  if (cause) throw settingsError(z.prettifyError(cause), cause);
  const settings: ServerSettings = {
    listen: data.listen,
    store: resolve(data.store ?? defaultStore(env)),
    databaseUrl: data.databaseUrl,
    artifacts: artifactSettings(data.artifacts, data),
    concurrency: data.concurrency,
    drainSeconds: data.drain,
    access: {
      tokens: data.tokens ?? !(data.listen.host === "localhost" || isLoopbackAddress(data.listen.host)),
      privateSources: data.privateSources,
    },
    limits: {
      bodyBytes: data.bodyLimit,
      requestsPerMinute: data.requestsPerMinute,
      buildsPerToken: data.buildsPerToken,
      diskBytes: data.diskLimit,
    },
    ownNames: data.ownName,
    buildOnPush: data.buildOnPush,
    fetchDisks: data.fetchDisks.map(diskPlace),
    retention: {
      unusedSeconds: data.retainUnused,
      totalBytes: data.retainBytes,
      imageSeconds: data.retainImages,
      historySeconds: data.history,
    },
    registries: registrySettings({ env }),
    log: { level: data.logLevel },
  };
  // Says of names what is wrong with them.
  ownAddresses(settings);
  return settings;
}

function fromEnvironment(env: Environment): SettingValues {
  const given: Record<string, string> = {};
  const { DATABASE_URL: databaseUrl } = env;
  if (databaseUrl !== undefined && databaseUrl !== "") given["databaseUrl"] = databaseUrl;
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(prefix) || value === undefined || value === "") continue;
    const name = variable
      .slice(prefix.length)
      .toLowerCase()
      .replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    if (!isSettingName(name))
      throw settingsError(`${variable} is no setting; there are ${Object.keys(settingFlags).join(", ")}`);
    given[name] = value;
  }
  return given;
}

function artifactSettings(
  place: string | undefined,
  {
    s3Endpoint,
    s3Region,
    s3PathStyle,
  }: { readonly s3Endpoint?: string | undefined; readonly s3Region: string; readonly s3PathStyle: boolean },
): ArtifactSettings {
  const [, bucket, prefix = ""] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(place ?? "") ?? [];
  if (bucket !== undefined)
    return {
      kind: "s3",
      endpoint: s3Endpoint,
      region: s3Region,
      bucket,
      prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`,
      pathStyle: s3PathStyle,
    };
  if (place?.startsWith("s3:") === true) throw settingsError("--artifacts: write s3://BUCKET[/PREFIX]");
  if (s3Endpoint !== undefined)
    throw settingsError("--s3-endpoint is there, but --artifacts is no s3://BUCKET");
  return { kind: "local", ...(place === undefined ? {} : { directory: resolve(place) }) };
}

/** In the spelling of references. */
function diskPlace(text: string): string {
  const [, host = "", path] = /^([^/]+)(?:\/(.*))?$/s.exec(text) ?? [];
  const registry = parseRegistry(host);
  if (registry === undefined || (path !== undefined && !isRepository(path)))
    throw settingsError(`--fetch-disks: ${JSON.stringify(text.slice(0, 200))} is no HOST or HOST/PATH`);
  return path === undefined ? registry : `${registry}/${path}`;
}

/** XDG Base Directory Specification: a relative XDG_DATA_HOME is ignored. */
function defaultStore({ XDG_DATA_HOME: data }: Environment): string {
  const home = data !== undefined && isAbsolute(data) ? data : join(homedir(), ".local", "share");
  return join(home, "bootlayer-server");
}

function withoutUndefined(flags: SettingValues): SettingValues {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}

function settingsError(message: string, cause?: Error): ServerError {
  return new ServerError("SERVER_SETTINGS", message, "see --help and docs/operations.md", { cause });
}
