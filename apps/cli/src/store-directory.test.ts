import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { storeDirectory } from "./store-directory.ts";

const home = join(homedir(), ".local/share/bootlayer");

test.each<[string, string | undefined, Record<string, string>, string]>([
  ["the flag goes before everything", "a", { BOOTLAYER_STORE: "/b", XDG_DATA_HOME: "/c" }, resolve("a")],
  ["then BOOTLAYER_STORE", undefined, { BOOTLAYER_STORE: "/b", XDG_DATA_HOME: "/c" }, "/b"],
  ["then the user's data directory", undefined, { XDG_DATA_HOME: "/c" }, "/c/bootlayer"],
  ["a relative XDG_DATA_HOME is ignored", undefined, { XDG_DATA_HOME: "c" }, home],
  ["an empty variable is none", undefined, { BOOTLAYER_STORE: "" }, home],
])("%s", (_rule, flag, env, directory) => {
  expect(storeDirectory(flag, env)).toBe(directory);
});
