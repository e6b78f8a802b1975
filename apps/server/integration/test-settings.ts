import { parseSettings } from "../src/parse-settings.ts";
import type { ServerSettings } from "../src/settings.ts";

/** Settings of a server in a test: it listens on loopback, may read from there, says nothing, and reads nothing of the machine's own. */
export function testSettings(store: string, overrides: Partial<ServerSettings> = {}): ServerSettings {
  const flags = { store, listen: "127.0.0.1:0", privateSources: true, drain: "1s", logLevel: "silent" };
  return { ...parseSettings(flags, { HOME: store, XDG_CONFIG_HOME: store }), ...overrides };
}
