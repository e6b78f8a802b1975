import { createRequestCredentials } from "../access/request-credentials.ts";
import { createMetrics } from "../metrics.ts";
import type { ServerContext } from "../server-context.ts";
import { buildApp } from "./app.ts";

/** The OpenAPI document that a server of this version serves, without a server: no database, no store, no port. */
export async function apiDocument(): Promise<object> {
  const app = buildApp(documentContext());
  try {
    await app.ready();
    return app.swagger();
  } finally {
    await app.close();
  }
}

function unneeded(): never {
  throw new Error("the document needs no server");
}

function documentContext(): ServerContext {
  return {
    settings: {
      listen: { host: "127.0.0.1", port: 0 },
      store: "",
      databaseUrl: undefined,
      artifacts: { kind: "local" },
      concurrency: 1,
      drainSeconds: 0,
      access: { tokens: true, privateSources: false },
      limits: { bodyBytes: 1, requestsPerMinute: 1, buildsPerToken: 1, diskBytes: undefined },
      ownNames: [],
      buildOnPush: false,
      fetchDisks: [],
      retention: { unusedSeconds: undefined, totalBytes: undefined, imageSeconds: 3600, historySeconds: 0 },
      registries: {},
      log: { level: "silent" },
    },
    database: {
      kind: "embedded",
      get db() {
        return unneeded();
      },
      get boss() {
        return unneeded();
      },
      listen: unneeded,
      notify: unneeded,
      ping: unneeded,
      close: unneeded,
    },
    findBuild: unneeded,
    artifacts: {
      stage: unneeded,
      keep: unneeded,
      open: unneeded,
      remove: unneeded,
      list: unneeded,
      check: unneeded,
      sweep: unneeded,
      close: unneeded,
    },
    feeds: { watch: unneeded, close: unneeded },
    get room() {
      return unneeded();
    },
    credentials: createRequestCredentials(),
    metrics: createMetrics(),
    egress: () => false,
    serverId: "",
    draining: new AbortController().signal,
  };
}
