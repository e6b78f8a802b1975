import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "./context.ts";
import { diskFlags, formatFlag } from "./disk-flags.ts";
import { layerFlags, sourceFlags } from "./flags.ts";
import { guestFlags, initFlag } from "./guest-flags.ts";

export const publish: Command<CliContext> = buildCommand({
  loader: async () => (await import("./commands/publish.ts")).publish,
  docs: { brief: "Make a disk of an image and send it to a registry, where it refers to the image" },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        { parse: String, placeholder: "SOURCE", brief: "An image, as build takes it" },
        {
          parse: String,
          placeholder: "REFERENCE",
          optional: true,
          brief: "A repository, with :TAG if the disk is to have one (default: the repository of SOURCE)",
        },
      ],
    },
    flags: {
      ...layerFlags,
      ...diskFlags,
      ...guestFlags,
      init: initFlag,
    },
  },
});

export const fetch: Command<CliContext> = buildCommand({
  loader: async () => (await import("./commands/fetch.ts")).fetch,
  docs: { brief: "Bring a disk that was published from a registry" },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: String,
          placeholder: "REFERENCE",
          brief: "A disk in a registry, or the image that it was made of",
        },
      ],
    },
    aliases: { o: "output" },
    flags: {
      ...sourceFlags,
      output: {
        kind: "parsed",
        parse: String,
        placeholder: "FILE",
        brief: "Where the disk goes; replaced when the new one is whole",
      },
      format: {
        kind: "enum",
        values: formatFlag.values,
        optional: true,
        brief: "Of several disks of the image, the one of this format",
      },
      key: {
        kind: "parsed",
        parse: String,
        optional: true,
        placeholder: "HEX",
        brief: "Of several disks of the image, the one of this build key",
      },
    },
  },
});
