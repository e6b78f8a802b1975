/** What a server is told on the command line, or as `BOOTLAYER_SERVER_NAME` in the environment, where a flag is not given. */
export interface SettingFlag {
  readonly kind: "text" | "list" | "boolean";
  readonly placeholder?: string;
  readonly brief: string;
}

export type SettingName =
  | "listen"
  | "store"
  | "databaseUrl"
  | "artifacts"
  | "s3Endpoint"
  | "s3Region"
  | "s3PathStyle"
  | "concurrency"
  | "drain"
  | "tokens"
  | "privateSources"
  | "ownName"
  | "buildOnPush"
  | "fetchDisks"
  | "bodyLimit"
  | "requestsPerMinute"
  | "buildsPerToken"
  | "diskLimit"
  | "retainUnused"
  | "retainBytes"
  | "retainImages"
  | "history"
  | "logLevel";

/** By the name of the setting; on the command line `databaseUrl` is `--database-url`. */
export const settingFlags: Readonly<Record<SettingName, SettingFlag>> = {
  listen: { kind: "text", placeholder: "HOST:PORT", brief: "Where to listen (default: 127.0.0.1:7480)" },
  store: { kind: "text", placeholder: "DIR", brief: "The one directory of all state" },
  databaseUrl: {
    kind: "text",
    placeholder: "URL",
    brief: "A PostgreSQL that servers share (or DATABASE_URL); default: an embedded one in the store",
  },
  artifacts: {
    kind: "text",
    placeholder: "DIR|s3://BUCKET/PREFIX",
    brief: "Where finished disks lie (default: in the store)",
  },
  s3Endpoint: { kind: "text", placeholder: "URL", brief: "Of an S3 that is not Amazon's" },
  s3Region: { kind: "text", placeholder: "REGION", brief: "default: us-east-1" },
  s3PathStyle: { kind: "boolean", brief: "The bucket stands in the path, not in the host's name" },
  concurrency: { kind: "text", placeholder: "N", brief: "Builds at once (default: 2)" },
  drain: {
    kind: "text",
    placeholder: "TIME",
    brief: "How long running builds may go on after SIGTERM (default: 60s)",
  },
  tokens: { kind: "boolean", brief: "Requests need a token; always so beyond loopback" },
  privateSources: {
    kind: "boolean",
    brief: "Sources may be on loopback, private and link-local addresses",
  },
  ownName: {
    kind: "list",
    placeholder: "HOST[:PORT]",
    brief: "A further address under which images are pushed here",
  },
  buildOnPush: { kind: "boolean", brief: "Build an image as soon as it is pushed here" },
  fetchDisks: {
    kind: "list",
    placeholder: "HOST[/PATH]",
    brief: "Finished disks that were pushed there are fetched, not built: who can push is trusted",
  },
  bodyLimit: { kind: "text", placeholder: "SIZE", brief: "Of a request's body (default: 1M)" },
  requestsPerMinute: {
    kind: "text",
    placeholder: "N",
    brief: "Of one token, or of one address (default: 6000)",
  },
  buildsPerToken: { kind: "text", placeholder: "N", brief: "Queued or running at once (default: 1000)" },
  diskLimit: {
    kind: "text",
    placeholder: "SIZE",
    brief: "What the store may hold (default: all but a reserve)",
  },
  retainUnused: {
    kind: "text",
    placeholder: "TIME",
    brief: "Disks go when nobody has asked for them for so long",
  },
  retainBytes: {
    kind: "text",
    placeholder: "SIZE",
    brief: "Disks beyond so much go, the longest unused first",
  },
  retainImages: {
    kind: "text",
    placeholder: "TIME",
    brief: "Pulled images go when no build was of them for so long (default: 7d; 0s: at once)",
  },
  history: {
    kind: "text",
    placeholder: "TIME",
    brief: "How long ended builds are listed (default: 30d)",
  },
  logLevel: { kind: "text", placeholder: "LEVEL", brief: "debug, info (default), warn, error or silent" },
};

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settingFlags, name);
}
