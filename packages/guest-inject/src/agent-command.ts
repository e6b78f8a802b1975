import type { GuestConfig } from "./guest-config.ts";
import { guestPaths } from "./paths.ts";

/** How another init starts our agent: the binary's own subcommand. */
export function agentCommand({ vsock, serial }: NonNullable<GuestConfig["agent"]>): readonly string[] {
  return [
    guestPaths.init,
    "agent",
    ...(vsock === undefined ? [] : ["--vsock", String(vsock)]),
    ...(serial === undefined ? [] : ["--serial", serial]),
  ];
}
