import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "./context.ts";

function text<Placeholder extends string>(placeholder: Placeholder, brief: string) {
  return { kind: "parsed", parse: String, optional: true, placeholder, brief } as const;
}

function yesOrNo(brief: string) {
  return { kind: "boolean", optional: true, brief } as const;
}

export const serve: Command<CliContext> = buildCommand({
  loader: async () => (await import("./commands/serve.ts")).serve,
  docs: { brief: "Run the server: builds for a fleet, by an API, a registry and a page" },
  parameters: {
    positional: { kind: "tuple", parameters: [] },
    flags: {
      listen: text("HOST:PORT", "Where to listen (default: 127.0.0.1:7480)"),
      store: text("DIR", "The one directory of all state"),
      databaseUrl: text(
        "URL",
        "A PostgreSQL that servers share (or DATABASE_URL); default: one in the store",
      ),
      artifacts: text("DIR|s3://BUCKET/PREFIX", "Where finished disks lie (default: in the store)"),
      s3Endpoint: text("URL", "Of an S3 that is not Amazon's"),
      s3Region: text("REGION", "default: us-east-1"),
      s3PathStyle: yesOrNo("The bucket stands in the path, not in the host's name"),
      concurrency: text("N", "Builds at once (default: 2)"),
      drain: text("TIME", "How long running builds may go on after SIGTERM (default: 60s)"),
      tokens: yesOrNo("Requests need a token; always so beyond loopback"),
      privateSources: yesOrNo("Sources may be on loopback, private and link-local addresses"),
      ownName: {
        kind: "parsed",
        parse: String,
        optional: true,
        variadic: true,
        placeholder: "HOST[:PORT]",
        brief: "A further address under which images are pushed here; may be repeated",
      },
      buildOnPush: yesOrNo("Build an image as soon as it is pushed here"),
      fetchDisks: {
        kind: "parsed",
        parse: String,
        optional: true,
        variadic: true,
        placeholder: "HOST[/PATH]",
        brief:
          "Finished disks that were pushed there are fetched, not built: who can push is trusted; may be repeated",
      },
      bodyLimit: text("SIZE", "Of a request's body (default: 1M)"),
      requestsPerMinute: text("N", "Of one token, or of one address (default: 6000)"),
      buildsPerToken: text("N", "Queued or running at once (default: 1000)"),
      diskLimit: text("SIZE", "What the store may hold (default: all but a reserve)"),
      retainUnused: text("TIME", "Disks go when nobody has asked for them for so long"),
      retainBytes: text("SIZE", "Disks beyond so much go, the longest unused first"),
      retainImages: text(
        "TIME",
        "Pulled images go when no build was of them for so long (default: 7d; 0s: at once)",
      ),
      history: text("TIME", "How long ended builds are listed (default: 30d)"),
      logLevel: text("LEVEL", "debug, info (default), warn, error or silent"),
    },
  },
});
