import { parse, TomlError } from "smol-toml";
import type * as z from "zod";
import { settingsFault } from "./settings-file.ts";

const maxUrlLength = 2048;

/** @throws {RegistryError} REGISTRY_SETTINGS, with the file and the place in it, and none of its text. */
export function parseToml<Output>(path: string, text: string, schema: z.ZodType<Output>): Output {
  let table: unknown;
  try {
    table = parse(text);
  } catch (cause) {
    const place = cause instanceof TomlError ? `: line ${cause.line}, column ${cause.column}` : "";
    // The parser's own error quotes the line, which may hold a header's secret.
    throw settingsFault(path, `is no TOML${place}`);
  }
  const { success, data, error } = schema.safeParse(table);
  if (success) return data;
  const [issue] = error.issues;
  throw settingsFault(path, `has something unexpected in ${issue?.path.join(".").slice(0, 200) ?? ""}`);
}

/** `https` where no scheme is written. */
export function httpUrl(path: string, text: string): URL {
  const spelled = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`;
  const url = spelled.length > maxUrlLength ? null : URL.parse(spelled);
  const isPlain = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!url || !isPlain || !/^https?:$/.test(url.protocol))
    throw settingsFault(path, "names a host that is no http or https URL without user and query");
  return url;
}
