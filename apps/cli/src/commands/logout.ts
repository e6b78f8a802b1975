import { logoutOfRegistry } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";

export interface LogoutFlags {
  readonly authFile?: string;
  readonly json: boolean;
}

export async function logout(this: CliContext, flags: LogoutFlags, name: string): Promise<void> {
  const files = { environment: this.process.env, authFile: flags.authFile };
  const result = await logoutOfRegistry(name, files);
  const { registry, forgottenBy } = result;
  const text =
    forgottenBy.length === 0
      ? `there was no login to ${registry}`
      : `logged out of ${registry}, forgotten by ${forgottenBy.join(" and ")}`;
  this.process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : `${text}\n`);
}
