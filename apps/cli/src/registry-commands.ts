import { buildCommand, type Command } from "@stricli/core";
import type { CliContext } from "./context.ts";
import { sourceFlags } from "./flags.ts";
import { connectionFlags } from "./registry-flags.ts";

const registryArgument = {
  parse: String,
  placeholder: "REGISTRY",
  brief: "A registry's host, with :port if need be (docker.io, localhost:5000)",
};

export const login: Command<CliContext> = buildCommand({
  loader: async () => (await import("./commands/login.ts")).login,
  docs: { brief: "Keep a login to a registry, once it has let it in" },
  parameters: {
    positional: { kind: "tuple", parameters: [registryArgument] },
    aliases: { u: "username" },
    flags: {
      ...connectionFlags,
      username: {
        kind: "parsed",
        parse: String,
        optional: true,
        placeholder: "USER",
        brief: "Who logs in; asked for on a terminal if absent",
      },
      passwordStdin: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Read the password from standard input; else it is asked for on a terminal",
      },
      json: sourceFlags.json,
    },
  },
});

export const logout: Command<CliContext> = buildCommand({
  loader: async () => (await import("./commands/logout.ts")).logout,
  docs: { brief: "Forget a login to a registry" },
  parameters: {
    positional: { kind: "tuple", parameters: [registryArgument] },
    flags: { authFile: connectionFlags.authFile, json: sourceFlags.json },
  },
});
