import {
  buildApplication,
  buildCommand,
  buildRouteMap,
  numberParser,
  text_en,
  type Application,
} from "@stricli/core";
import { version } from "@bootlayer/image-builder/version";
import type { CliContext } from "./context.ts";
import { exitCodeOf, formatError } from "./exit-code.ts";
import { fetch, publish } from "./disk-commands.ts";
import { diskFlags, formatFlag } from "./disk-flags.ts";
import { layerFlags, sourceFlags } from "./flags.ts";
import { launchFormats, parseEmit, parseSeconds, parseVariable } from "./guest-arguments.ts";
import { gc, images, pull, push, rm, scrub } from "./image-commands.ts";
import { guestFlags, initFlag } from "./guest-flags.ts";
import { kernelFlag, machineFlags } from "./machine-flags.ts";
import { login, logout } from "./registry-commands.ts";
import { serve } from "./serve-command.ts";

const sourceArgument = {
  parse: String,
  placeholder: "SOURCE",
  brief:
    "A reference in a registry, oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE, docker-daemon:REF, rootfs:DIR, tar:FILE, or -",
};

const initAsFlag = {
  kind: "enum",
  values: ["layer", "initrd"],
  optional: true,
  brief:
    "layer: init and agent go into the disk; initrd: the disk is the image as it is, they go into an initrd",
} as const;

const build = buildCommand({
  loader: async () => (await import("./commands/build.ts")).build,
  docs: { brief: "Make a bootable disk of an image" },
  parameters: {
    positional: { kind: "tuple", parameters: [sourceArgument] },
    aliases: { o: "output" },
    flags: {
      ...layerFlags,
      ...diskFlags,
      ...guestFlags,
      ...machineFlags,
      output: {
        kind: "parsed",
        parse: String,
        placeholder: "FILE",
        brief: "Where the disk goes; replaced when the new one is whole",
      },
      threads: {
        kind: "parsed",
        parse: numberParser,
        default: "2",
        placeholder: "N",
        brief: "Threads that decompress and hash ahead of the writer, each with up to 16 MiB; 0 for none",
      },
      cache: { kind: "boolean", default: true, brief: "Take the disk from the cache, and keep it there" },
      init: initFlag,
      initAs: initAsFlag,
      initrd: {
        kind: "parsed",
        parse: String,
        optional: true,
        placeholder: "FILE",
        brief: "Where the initrd of --init-as initrd goes (default: the disk's name and .initrd)",
      },
      kernel: { ...kernelFlag, optional: true, brief: "The kernel that the files of --emit start" },
      emit: {
        kind: "parsed",
        parse: parseEmit,
        optional: true,
        variadic: true,
        placeholder: "FORMAT[:FILE]",
        brief: `What starts the disk under a monitor (${launchFormats.join(", ")}); may be repeated`,
      },
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

const doctor = buildCommand({
  loader: async () => (await import("./commands/doctor.ts")).doctor,
  docs: { brief: "Say before a build whether an image will boot" },
  parameters: {
    positional: { kind: "tuple", parameters: [sourceArgument] },
    flags: {
      ...layerFlags,
      ...guestFlags,
      kernel: {
        ...kernelFlag,
        optional: true,
        brief: "The guest's kernel or its configuration: whether it has what the disk and the guest need",
      },
      machine: {
        kind: "enum",
        values: launchFormats,
        optional: true,
        brief: "The monitor that is to run it",
      },
      format: formatFlag,
      compression: diskFlags.compression,
      initAs: initAsFlag,
    },
  },
});

const boot = buildCommand({
  loader: async () => (await import("./commands/boot.ts")).boot,
  docs: { brief: "Boot a disk, or an image, under QEMU; ends with the guest's exit code" },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: String,
          placeholder: "DISK|SOURCE",
          brief: "A disk that was built with a guest, or else an image, of which one is made for this boot",
        },
      ],
    },
    aliases: { i: "interactive" },
    flags: {
      ...layerFlags,
      ...diskFlags,
      ...guestFlags,
      ...machineFlags,
      kernel: kernelFlag,
      initrd: {
        kind: "parsed",
        parse: String,
        optional: true,
        placeholder: "FILE",
        brief: "The guest's initrd",
      },
      initAs: initAsFlag,
      readOnly: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Attach the disk to be read only",
      },
      keepWrites: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Write what the guest writes to the disk (default: it is dropped)",
      },
      accelerator: {
        kind: "enum",
        values: ["auto", "kvm", "tcg"],
        default: "auto",
        brief: "auto: KVM where it works, else emulation",
      },
      timeout: {
        kind: "parsed",
        parse: parseSeconds,
        optional: true,
        placeholder: "SECONDS",
        brief: "Ends a guest that takes longer",
      },
      interactive: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Standard input goes to the console; on a terminal, Ctrl-] ends the guest",
      },
      kernelLog: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Show the kernel's messages too, not only its errors",
      },
    },
  },
});

const exec = buildCommand({
  loader: async () => (await import("./commands/exec.ts")).exec,
  docs: { brief: "Run a program in a guest, through its agent; ends with the program's exit code" },
  parameters: {
    positional: {
      kind: "array",
      parameter: {
        parse: String,
        placeholder: "ARGUMENT",
        brief:
          "ADDRESS PROGRAM [ARGUMENT...]; ADDRESS is unix:PATH, firecracker:PATH[:PORT], cloud-hypervisor:PATH[:PORT] or vsock:CID[:PORT]",
      },
      minimum: 2,
    },
    aliases: { i: "interactive", t: "tty" },
    flags: {
      interactive: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Standard input goes to the program",
      },
      tty: { kind: "boolean", default: false, withNegated: false, brief: "The program gets a terminal" },
      user: {
        kind: "parsed",
        parse: String,
        optional: true,
        placeholder: "USER[:GROUP]",
        brief: "Who runs it",
      },
      workdir: { kind: "parsed", parse: String, optional: true, placeholder: "DIR", brief: "Where it runs" },
      env: {
        kind: "parsed",
        parse: parseVariable,
        optional: true,
        variadic: true,
        placeholder: "NAME=VALUE",
        brief: "Added to the environment of the guest's main program; may be repeated",
      },
      timeout: {
        kind: "parsed",
        parse: numberParser,
        default: "10",
        placeholder: "SECONDS",
        brief: "How long to try to reach the agent",
      },
    },
  },
});

/** The command line of bootlayer. */
export const app: Application<CliContext> = buildApplication(
  buildRouteMap({
    routes: {
      build,
      boot,
      exec,
      doctor,
      inspect,
      ls,
      pull,
      push,
      publish,
      fetch,
      images,
      rm,
      gc,
      scrub,
      login,
      logout,
      serve,
    },
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
