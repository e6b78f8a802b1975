import {
  buildApplication,
  buildCommand,
  buildRouteMap,
  numberParser,
  text_en,
  type Application,
} from "@stricli/core";
import { version } from "@bootlayer/image-builder";
import type { CliContext } from "./context.ts";
import { exitCodeOf, formatError } from "./exit-code.ts";
import { layerFlags, sourceFlags } from "./flags.ts";

const sourceArgument = {
  parse: String,
  placeholder: "SOURCE",
  brief: "A reference in a registry (docker.io/library/alpine:3.22) or oci:DIRECTORY[:TAG]",
};

const build = buildCommand({
  loader: async () => (await import("./commands/build.ts")).build,
  docs: { brief: "Make a bootable disk of an image" },
  parameters: {
    positional: { kind: "tuple", parameters: [sourceArgument] },
    aliases: { o: "output" },
    flags: {
      ...layerFlags,
      output: {
        kind: "parsed",
        parse: String,
        placeholder: "FILE",
        brief: "Where the disk goes; replaced when the new one is whole",
      },
      format: { kind: "enum", values: ["ext4"], default: "ext4", brief: "File system of the disk" },
      size: {
        kind: "parsed",
        parse: String,
        default: "auto",
        placeholder: "SIZE",
        brief: "auto, a size such as 4G, or free space such as +512M",
      },
      blockSize: {
        kind: "enum",
        values: ["1024", "2048", "4096"],
        default: "4096",
        brief: "Bytes of a block",
      },
      journal: { kind: "boolean", default: true, brief: "Whether the file system has a journal" },
      label: {
        kind: "parsed",
        parse: String,
        default: "",
        placeholder: "NAME",
        brief: "Name of the file system, at most 16 bytes",
      },
      selinuxLabels: {
        kind: "boolean",
        default: true,
        brief: "Whether security.selinux labels of the layers are kept",
      },
      threads: {
        kind: "parsed",
        parse: numberParser,
        default: "2",
        placeholder: "N",
        brief: "Threads that decompress and hash ahead of the writer, each with up to 16 MiB; 0 for none",
      },
      cache: { kind: "boolean", default: true, brief: "Take the disk from the cache, and keep it there" },
    },
  },
});

const inspect = buildCommand({
  loader: async () => (await import("./commands/inspect.ts")).inspect,
  docs: { brief: "Show an image's digest, configuration and layers" },
  parameters: { positional: { kind: "tuple", parameters: [sourceArgument] }, flags: sourceFlags },
});

const ls = buildCommand({
  loader: async () => (await import("./commands/ls.ts")).ls,
  docs: { brief: "List what an image holds, all layers flattened" },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        sourceArgument,
        {
          parse: String,
          placeholder: "PATH",
          optional: true,
          brief: "A directory or file of the image (default: /)",
        },
      ],
    },
    flags: layerFlags,
  },
});

const images = buildCommand({
  loader: async () => (await import("./commands/images.ts")).images,
  docs: { brief: "List the images of the store" },
  parameters: { flags: { store: sourceFlags.store, json: sourceFlags.json } },
});

/** The command line of bootlayer. */
export const app: Application<CliContext> = buildApplication(
  buildRouteMap({
    routes: { build, inspect, ls, images },
    docs: { brief: "Turns OCI container images into disks that microVMs boot" },
  }),
  {
    name: "bootlayer",
    versionInfo: { currentVersion: version },
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { caseStyle: "convert-camel-to-kebab", onlyRequiredInUsageLine: true },
    determineExitCode: exitCodeOf,
    localization: {
      text: { ...text_en, exceptionWhileRunningCommand: formatError, commandErrorResult: formatError },
    },
  },
);
