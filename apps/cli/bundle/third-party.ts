import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { transform, type Plugin } from "esbuild";

/** Of the HTTP client, the texts of WebAssembly programs, of which a machine runs one; each is a module of its own. */
const programs = /\/undici\/lib\/(?:llhttp|milo)\/(?:[\w-]*wasm|simd|no-simd)\.js$/;

/**
 * Makes the packages of others quick to load: with short names inside, which half of what is read of them are, and with what
 * is only sometimes wanted in `apart`, by the names under which they then ask for it.
 */
export function thirdParty(apart: Map<string, string>): Plugin {
  return {
    name: "third-party",
    setup(build) {
      build.onResolve({ filter: /\.js$/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === "resolving" || !importer.includes("/undici/")) return undefined;
        const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: "resolving" });
        if (!programs.test(found.path)) return found;
        const name = `./undici-${basename(found.path)}`;
        apart.set(name, await readFile(found.path, "utf8"));
        return { path: name, external: true };
      });
      build.onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, async ({ path }) => {
        // HTTP/2 is never asked for (`allowH2: false`). Node's module for it comes with TLS, which reads all certificate
        // authorities at once: half as long as a short command takes, even where a registry has no TLS.
        if (path.endsWith("/undici/lib/dispatcher/client-h2.js"))
          return {
            contents: `module.exports = () => { throw new Error("HTTP/2 is not in this program"); };`,
          };
        const { code } = await transform(await readFile(path, "utf8"), {
          minifyIdentifiers: true,
          platform: "node",
          target: "node24",
        });
        return { contents: code };
      });
    },
  };
}
