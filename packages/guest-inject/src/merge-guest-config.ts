import type { GuestConfigInput, ProcessOverrides } from "./guest-config.ts";

/**
 * Lays one configuration over another, as flags over a file: what `over` says wins.
 *
 * - Appended to: `files`, `services`, `hosts`, `mounts`, and the keys of `ssh`; of two files for one place the later one counts.
 * - Merged name by name: `process.env`, `process.limits`, the other members of `process`, `agent`.
 * - Replaced: everything else, whole. `process.entrypoint` in `over` also drops a `process.cmd` of `base`, which was meant for
 *   another program, as `docker run --entrypoint` does.
 */
export function mergeGuestConfig(base: GuestConfigInput, over: GuestConfigInput): GuestConfigInput {
  const { files, services, hosts, mounts, ssh, agent, process, ...replaced } = over;
  return {
    ...base,
    ...withoutUndefined(replaced),
    ...(files && { files: [...(base.files ?? []), ...files] }),
    ...(services && { services: [...(base.services ?? []), ...services] }),
    ...(hosts && { hosts: [...(base.hosts ?? []), ...hosts] }),
    ...(mounts && { mounts: [...(base.mounts ?? []), ...mounts] }),
    ...(ssh && {
      ssh: {
        ...withoutUndefined({ user: ssh.user ?? base.ssh?.user }),
        authorizedKeys: [...(base.ssh?.authorizedKeys ?? []), ...ssh.authorizedKeys],
      },
    }),
    ...(agent && { agent: { ...base.agent, ...withoutUndefined(agent) } }),
    ...(process && { process: mergeProcess(base.process ?? {}, process) }),
  };
}

function mergeProcess(base: ProcessOverrides, over: ProcessOverrides): ProcessOverrides {
  const { cmd: _, ...withoutCmd } = base;
  return {
    ...(over.entrypoint === undefined ? base : withoutCmd),
    ...withoutUndefined(over),
    ...((base.env ?? over.env) && { env: { ...base.env, ...over.env } }),
    ...((base.limits ?? over.limits) && { limits: { ...base.limits, ...over.limits } }),
  };
}

/** A key that is there but undefined says nothing, so replaces nothing. */
function withoutUndefined<Value extends object>(value: Value): Partial<Value> {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined),
  ) as Partial<Value>;
}
