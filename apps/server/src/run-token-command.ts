import { changeTokens, tokenCommandHelp } from "./access/token-command.ts";
import { openDatabase } from "./database/open-database.ts";
import { ServerError } from "./errors.ts";
import { parseSettings } from "./parse-settings.ts";
import type { ServerProcess } from "./run-server.ts";

const databaseFlags: Readonly<Record<string, string>> = {
  "--store": "store",
  "--database-url": "databaseUrl",
};

/**
 * `bootlayer-server token ...`: changes tokens in the server's database without a server.
 *
 * @throws {ServerError} SERVER_SETTINGS; SERVER_DATABASE where a server runs on the embedded one.
 */
export async function runTokenCommand(
  args: readonly string[],
  { env, stdout }: ServerProcess,
): Promise<void> {
  if (args.includes("--help")) return void stdout.write(tokenCommandHelp);
  const { settings: flags, rest } = split(args);
  const database = await openDatabase(parseSettings(flags, env));
  try {
    stdout.write(await changeTokens(database, rest));
  } finally {
    await database.close();
  }
}

/** Which database, and what to do with it. */
function split(args: readonly string[]): {
  readonly settings: Readonly<Record<string, string>>;
  readonly rest: readonly string[];
} {
  const settings: Record<string, string> = {};
  const rest: string[] = [];
  const left = args.values();
  for (const arg of left) {
    const [flag = "", ...after] = arg.split("=");
    const name = databaseFlags[flag];
    if (name === undefined) {
      rest.push(arg);
      continue;
    }
    const value = after.length > 0 ? after.join("=") : left.next().value;
    if (value === undefined) throw new ServerError("SERVER_SETTINGS", `${flag} has no value`, "see --help");
    settings[name] = value;
  }
  return { settings, rest };
}
