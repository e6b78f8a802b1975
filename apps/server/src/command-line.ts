import { parseArgs } from "node:util";
import { ServerError } from "./errors.ts";
import type { SettingValues } from "./parse-settings.ts";
import { settingFlags } from "./settings-flags.ts";

const options: Record<string, { type: "boolean" | "string"; multiple: boolean }> = Object.fromEntries(
  Object.entries(settingFlags).map(([name, { kind }]) => [
    dashed(name),
    { type: kind === "boolean" ? "boolean" : "string", multiple: kind === "list" },
  ]),
);

/** Reads `--flag value` by the names of the settings; `help` where it is asked for. @throws {ServerError} SERVER_SETTINGS. */
export function parseCommandLine(arguments_: readonly string[]): { help: boolean; flags: SettingValues } {
  try {
    const { help, ...values } = parseArgs({
      args: [...arguments_],
      options: { ...options, help: { type: "boolean", multiple: false } },
      strict: true,
      allowNegative: true,
    }).values;
    const flags: Record<string, string | boolean | readonly string[]> = {};
    for (const [name, value] of Object.entries(values))
      flags[camel(name)] = Array.isArray(value)
        ? value.map(String)
        : typeof value === "boolean"
          ? value
          : String(value);
    return { help: help === true, flags };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServerError("SERVER_SETTINGS", reason, "see --help", { cause });
  }
}

/** One line for each flag. */
export function helpText(): string {
  const rows = Object.entries(settingFlags).map(([name, { placeholder, brief }]) => [
    `  --${dashed(name)}${placeholder === undefined ? "" : ` ${placeholder}`}`,
    brief,
  ]);
  const width = Math.max(...rows.map(([flag = ""]) => flag.length)) + 2;
  const lines = rows.map(([flag = "", brief = ""]) => `${flag.padEnd(width)}${brief}`);
  return `bootlayer-server: container images as bootable disks, for a fleet\n\n${lines.join("\n")}\n\nEach is a variable too: --body-limit is BOOTLAYER_SERVER_BODY_LIMIT.\nTokens: bootlayer-server token --help\n`;
}

function dashed(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function camel(name: string): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
