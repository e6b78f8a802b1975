import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "./context.ts";
import { parseDuration } from "./duration.ts";
import { sourceFlags } from "./flags.ts";

const storeFlags = { store: sourceFlags.store, json: sourceFlags.json };

const reference = {
  parse: String,
  placeholder: "REFERENCE",
  brief: "An image in a registry, such as docker.io/library/alpine:3.22",
};

export const pull: Command<CliContext> = buildCommand({
  loader: async () => (await import("./commands/pull.ts")).pull,
  docs: { brief: "Bring an image from a registry into the store" },
  parameters: {
    positional: { kind: "tuple", parameters: [reference] },
    flags: {
      ...sourceFlags,
      allPlatforms: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "The images of all platforms, and the index that names them",
      },
    },
  },
});

export const push: Command<CliContext> = buildCommand({
  loader: async () => (await import("./commands/push.ts")).push,
  docs: { brief: "Send an image to a registry, as it is" },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: String,
          placeholder: "SOURCE",
          brief: "An image's name in the store, or any SOURCE of build; what the store lacks is pulled first",
        },
        { ...reference, brief: "Where it goes: registry, repository and tag" },
      ],
    },
    flags: {
      ...sourceFlags,
      platform: {
        ...sourceFlags.platform,
        brief:
          "One image of an index alone (default: all, with the index, where the source has them, else this machine's)",
      },
    },
  },
});

export const images: Command<CliContext> = buildCommand({
  loader: async () => (await import("./commands/images.ts")).images,
  docs: { brief: "List the images of the store" },
  parameters: { flags: storeFlags },
});

export const rm: Command<CliContext> = buildCommand({
  loader: async () => (await import("./commands/rm.ts")).rm,
  docs: { brief: "Take images' names out of the store; gc then frees what nothing else holds" },
  parameters: {
    positional: {
      kind: "array",
      parameter: {
        parse: String,
        placeholder: "NAME",
        brief: "As images lists it, or short for it (alpine for docker.io/library/alpine:latest)",
      },
      minimum: 1,
    },
    flags: storeFlags,
  },
});

export const gc: Command<CliContext> = buildCommand({
  loader: async () => (await import("./commands/gc.ts")).gc,
  docs: { brief: "Remove from the store what no image of it needs" },
  parameters: {
    flags: {
      ...storeFlags,
      dryRun: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Remove nothing, and say what would go",
      },
      grace: {
        kind: "parsed",
        parse: parseDuration,
        optional: true,
        placeholder: "DURATION",
        brief: "What was written or used later than this ago stays: 90s, 10m, 24h, 7d (default: 1h)",
      },
    },
  },
});

export const scrub: Command<CliContext> = buildCommand({
  loader: async () => (await import("./commands/scrub.ts")).scrub,
  docs: { brief: "Check every blob of the store against its digest; ends with 6 if one was wrong" },
  parameters: { flags: { ...storeFlags, progress: sourceFlags.progress } },
});
