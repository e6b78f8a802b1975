import { loginToRegistry } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import { promptLine, readSecret } from "../prompt.ts";
import { registriesOf } from "../environment.ts";
import type { RegistryFlags } from "../registry-flags.ts";
import { usageError } from "../usage-error.ts";

export interface LoginFlags extends Omit<RegistryFlags, "creds"> {
  readonly username?: string;
  readonly passwordStdin: boolean;
  readonly json: boolean;
}

export async function login(this: CliContext, flags: LoginFlags, registry: string): Promise<void> {
  const isTerminal = this.process.stdin.isTTY === true;
  if (flags.passwordStdin && flags.username === undefined)
    throw usageError("--password-stdin needs --username");
  if (!flags.passwordStdin && !isTerminal)
    throw usageError("there is no terminal to ask for a password on: use --password-stdin");
  const username = flags.username ?? (await promptLine(this, "Username: ", false));
  const secret = flags.passwordStdin ? await readSecret(this) : await promptLine(this, "Password: ", true);
  const { env } = this.process;
  const files = { environment: env, authFile: flags.authFile };
  const result = await loginToRegistry(
    { registry, username, secret, files },
    { ...registriesOf(flags, env), signal: this.signal },
  );
  this.process.stdout.write(
    flags.json
      ? `${JSON.stringify(result)}\n`
      : `logged in to ${result.registry}, kept by ${result.keptBy}\n`,
  );
}
