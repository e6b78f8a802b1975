import type { BuildRequest } from "@bootlayer/image-builder";
import { progressModes, type ProgressMode } from "./progress/modes.ts";
import { registryFlags, type RegistryFlags } from "./registry-flags.ts";

/** Flags that every command on images takes. */
export interface SourceFlags extends RegistryFlags {
  readonly platform?: string;
  readonly store?: string;
  readonly progress: ProgressMode;
  readonly json: boolean;
}

export const sourceFlags = {
  platform: {
    kind: "parsed",
    parse: String,
    optional: true,
    placeholder: "OS/ARCH",
    brief: "Platform of the image (default: linux on this machine's architecture)",
  },
  store: {
    kind: "parsed",
    parse: String,
    optional: true,
    placeholder: "DIR",
    brief:
      "Where blobs and finished disks are kept (default: BOOTLAYER_STORE, else the user's data directory)",
  },
  ...registryFlags,
  progress: {
    kind: "enum",
    values: progressModes,
    default: "auto",
    brief: "How progress is shown on standard error",
  },
  json: { kind: "boolean", default: false, withNegated: false, brief: "One JSON object on standard output" },
} as const;

/** Flags of the commands on the store alone. */
export type StoreFlags = Pick<SourceFlags, "store" | "json">;

/** Flags of the commands that read layers. */
export interface LayerFlags extends SourceFlags {
  readonly limit?: readonly NamedLimit[];
}

export type NamedLimit = readonly [name: string, value: number];

export const layerFlags = {
  ...sourceFlags,
  limit: {
    kind: "parsed",
    parse: parseLimit,
    optional: true,
    variadic: true,
    placeholder: "NAME=NUMBER",
    brief: "Raise or lower a limit on what an image may ask (docs/cli.md lists them); may be repeated",
  },
} as const;

function parseLimit(text: string): NamedLimit {
  const [, name = "", digits = ""] = /^(\w+)=(\d{1,15})$/.exec(text) ?? [];
  if (name === "") throw new SyntaxError(`${JSON.stringify(text)} is not NAME=NUMBER`);
  return [name, Number(digits)];
}

/** Limits as the builder takes them, which refuses names that it does not know. */
export function limitsOf({ limit = [] }: LayerFlags): NonNullable<BuildRequest["limits"]> {
  return Object.fromEntries(limit);
}
