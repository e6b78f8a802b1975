import { readFile } from "node:fs/promises";

const names = ["index.html", "page.js", "page.css", "icon.svg"] as const;
export type PageFileName = (typeof names)[number];
export type PageFiles = Readonly<Record<PageFileName, Uint8Array>>;

/**
 * The page, as the package's build left it beside this module. Where the server runs from source there is no such build: the page is
 * bundled in memory, by the same function.
 */
export async function readPageFiles(): Promise<PageFiles> {
  const read = import.meta.url.endsWith(".ts") ? await bundledReader() : readBuilt;
  const [html, script, style, icon] = await Promise.all(names.map(read));
  if (!html || !script || !style || !icon) throw new Error("the bundle of the page lacks a file");
  return { "index.html": html, "page.js": script, "page.css": style, "icon.svg": icon };
}

type Bundle = () => Promise<ReadonlyMap<string, Uint8Array>>;
type Reader = (name: PageFileName) => Promise<Uint8Array | undefined>;

const readBuilt: Reader = (name) => readFile(new URL(`../page/${name}`, import.meta.url));

async function bundledReader(): Promise<Reader> {
  // Not by its name: neither it nor the bundler are part of the package.
  const bundle = new URL("../../page/bundle.ts", import.meta.url).href;
  const { bundlePage }: { readonly bundlePage: Bundle } = await import(bundle);
  const files = await bundlePage();
  return (name) => Promise.resolve(files.get(name));
}
