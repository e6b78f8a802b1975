import { transform } from "esbuild";

/** By the name that the others know it by. */
export interface ProgramModule {
  readonly name: string;
  readonly text: string;
}

/**
 * Joins modules, as esbuild splits a program into them, to one file. Each stands in it as a comment of one line, which costs
 * next to nothing to read over; a command compiles and runs only those that it needs, and so loads only those of Node's own
 * modules that they import. Reading the whole program as one module takes longer than most commands.
 *
 * @param run - statements in terms of `load(MODULE)`, which gives a module's exports.
 * @param oldestNode - that runs it, as `MAJOR.MINOR`; older ones are told so.
 */
export async function pack(
  modules: readonly ProgramModule[],
  run: string,
  oldestNode: string,
): Promise<string> {
  const places: Record<string, readonly [at: number, length: number]> = {};
  let comments = "";
  for (const { name, text } of modules) {
    const { code } = await transform(text, {
      format: "cjs",
      platform: "node",
      target: "node24",
      // An import() is of a module in here, or of one beside the file: require finds both.
      supported: { "dynamic-import": false },
      minifyWhitespace: true,
      minifySyntax: true,
    });
    const line = JSON.stringify(code);
    if (/[^\x20-\x7e]/.test(line)) throw new Error(`${name} is not ASCII alone`);
    comments += "//";
    places[name] = [comments.length, line.length];
    comments += `${line}\n`;
  }
  const program = `${versionCheck(oldestNode)}${loader(JSON.stringify(places), run)}`;
  return `${opening(opening(0).length + program.length)}${program}${comments}`;
}

/** Says where the comments begin, in as many digits wherever that is. */
function opening(start: number): string {
  return `#!/usr/bin/env node\nconst start = ${String(start).padStart(9)};\n`;
}

/** In words that Node has known for long. */
function versionCheck(oldest: string): string {
  const [major, minor] = oldest.split(".");
  return `const [major, minor] = process.versions.node.split(".").map(Number);
if (major < ${major} || (major === ${major} && minor < ${minor})) {
  process.stderr.write("bootlayer: it needs Node ${oldest} or newer, and this is " + process.versions.node + "\\n");
  process.exit(2);
}
`;
}

/** `programUrl` is what modules have instead of `import.meta.url`. */
function loader(places: string, run: string): string {
  return `// Not by import: that has Node look at all that its modules have, and load for it what nobody wants yet.
const { openSync, readSync } = process.getBuiltinModule("node:fs");
const { createRequire } = process.getBuiltinModule("node:module");
const { compileFunction } = process.getBuiltinModule("node:vm");
const places = ${places};
const loaded = new Map();
const program = openSync(import.meta.filename);
const requireOutside = createRequire(import.meta.url);
function load(name) {
  const known = loaded.get(name);
  if (known) return known.exports;
  const place = places[name];
  if (place === undefined) return requireOutside(name);
  const module = { exports: {} };
  loaded.set(name, module);
  const text = Buffer.allocUnsafe(place[1]);
  readSync(program, text, 0, text.length, start + place[0]);
  const parameters = ["require", "module", "exports", "programUrl"];
  compileFunction(JSON.parse(text.latin1Slice()), parameters, { filename: "bootlayer/" + name.slice(2) })(load, module, module.exports, import.meta.url);
  // Of a CommonJS package esbuild gives its whole alone; who imports it by name finds the names too, as in Node.
  if (Object.keys(module.exports).join() === "default" && Object(module.exports.default) === module.exports.default)
    for (const [member, value] of Object.entries(module.exports.default)) module.exports[member] ??= value;
  return module.exports;
}
${run}
`;
}
