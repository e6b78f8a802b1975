/** What the builder is told, as flags and process say. Apart from the flags, which are read before anything is built. */
import {
  registryLogin,
  registrySettings,
  type Environment,
  type RegistrySettings,
} from "@bootlayer/image-builder";
import type { CliContext } from "./context.ts";
import type { SourceFlags } from "./flags.ts";
import type { ProgressWriter } from "./progress/progress-writer.ts";
import type { RegistryFlags } from "./registry-flags.ts";
import { storeDirectory } from "./store-directory.ts";
import { usageError } from "./usage-error.ts";

type Env = Readonly<Partial<Record<string, string>>>;

/** The builder's environment as the flags and the process say. */
export function environmentOf(
  flags: SourceFlags,
  context: CliContext,
  progress: ProgressWriter,
): Environment {
  return {
    store: storeDirectory(flags.store, context.process.env),
    ...registriesOf(flags, context.process.env),
    // Nobody types an archive.
    input: context.process.stdin.isTTY === true ? undefined : context.process.stdin,
    signal: context.signal,
    onEvent: (event) => progress.report(event),
  };
}

/** What the builder is told of registries. Files are read when they are needed. */
export function registriesOf(
  flags: RegistryFlags,
  env: Env,
): {
  readonly plainHttp: boolean;
  readonly registries: RegistrySettings;
  readonly tokenHosts: readonly string[];
} {
  const { plainHttp, creds, authFile, tlsCa, tlsCert, tlsKey, tokenHost = [] } = flags;
  if (tlsKey !== undefined && tlsCert === undefined) throw usageError("--tls-key is for --tls-cert");
  const login = creds === undefined ? undefined : registryLogin(loginOf(creds, env));
  return {
    plainHttp,
    tokenHosts: tokenHost,
    registries: registrySettings({
      env,
      authFile,
      caFile: tlsCa,
      clientCertificate:
        tlsCert === undefined ? undefined : { certFile: tlsCert, keyFile: tlsKey ?? tlsCert },
      credentials: login && (async () => login),
    }),
  };
}

/** The error does not show what was given: it may be a password. */
function loginOf(creds: string, env: Env): { readonly username: string; readonly secret: string } {
  const [, username = "", password] = /^([^:]+)(?::(.*))?$/s.exec(creds) ?? [];
  const secret = password ?? env["BOOTLAYER_PASSWORD"] ?? "";
  if (username === "" || secret === "")
    throw usageError("--creds needs USER:PASSWORD, or USER and the password in BOOTLAYER_PASSWORD");
  return { username, secret };
}
