/**
 * Makes the page of its sources: for the package, `node page/bundle.ts` writes it to `dist/page`; a server that runs from source calls
 * `bundlePage` when it starts, so there is nothing to set up and nothing to write. One bundler does both, so both are the same bytes.
 */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/** The page's files by name: `index.html`, `page.js`, `page.css`, `icon.svg`. */
export async function bundlePage(): Promise<ReadonlyMap<string, Uint8Array>> {
  const { outputFiles } = await build({
    entryPoints: { page: join(import.meta.dirname, "src/main.tsx") },
    outdir: "/",
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: "es2023",
    jsx: "automatic",
    jsxImportSource: "preact",
    conditions: ["@bootlayer/source"],
    logLevel: "silent",
  });
  const files = new Map<string, Uint8Array>();
  for (const { path, contents } of outputFiles) files.set(path.replace(/^.*[/\\]/, ""), contents);
  for (const name of ["index.html", "icon.svg"])
    files.set(name, await readFile(join(import.meta.dirname, name)));
  return files;
}

if (import.meta.main) {
  const directory = join(import.meta.dirname, "../dist/page");
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  for (const [name, bytes] of await bundlePage()) await writeFile(join(directory, name), bytes);
}
