import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { unreadable } from "./entry-content.ts";
import { moduleName } from "./module-info.ts";

/** The modules of one kernel, by name; none is read yet. */
export interface ModuleDirectory {
  /** As below `lib/modules`: the kernel's release. */
  readonly version: string;
  /** Of a module's file, from the directory on, with `/`; undefined if there is none. */
  pathOf(name: string): string | undefined;
  /** By name or by an alias, such as `crypto_crc32c`. */
  isBuiltIn(name: string): boolean;
  /** The modules that an alias without wildcards stands for, such as `crypto_crc32c`. */
  aliasOf(alias: string): readonly string[];
}

const moduleFile = /^(?<name>.+)\.ko(?:\.(?:gz|zst|xz))?$/;
/** From the directory on, and never out of it. */
const isBelow = (path: string): boolean => path.split("/").every((part) => part !== "" && part !== "..");
/** Which directory counts where two have a module of one name, as depmod.d(5) has it: what replaces, then what adds. */
const searchOrder = ["updates", "extra", "weak-updates", "kernel"];

/**
 * Looks through a `lib/modules/VERSION` directory. `modules.dep` says which file a module is, where depmod(8) has been run; as
 * a package unpacks it there is none, and the files themselves are looked through.
 *
 * @throws {GuestError} GUEST_FILE.
 */
export async function openModuleDirectory(directory: string, version: string): Promise<ModuleDirectory> {
  const [dep, builtIn, builtInInfo, aliases] = await Promise.all(
    ["modules.dep", "modules.builtin", "modules.builtin.modinfo", "modules.alias"].map((name) =>
      readList(join(directory, name)),
    ),
  );
  const fromDep = dep?.flatMap((line) => /^([^#:]+):/.exec(line)?.[1] ?? []).filter(isBelow);
  const paths = fromDep ?? (await findModules(directory));
  const byName = new Map<string, string>();
  for (const path of paths) {
    const name = nameOf(path);
    if (name !== undefined && !byName.has(name)) byName.set(name, path);
  }
  const builtInNames = new Set([...(builtIn ?? []).map(nameOf), ...(builtInInfo ?? []).map(builtInAlias)]);
  return {
    version,
    pathOf: (name) => byName.get(name),
    isBuiltIn: (name) => builtInNames.has(name),
    aliasOf: (alias) =>
      (aliases ?? []).flatMap((line) => {
        const [word, pattern = "", name = ""] = line.split(" ");
        return word === "alias" && moduleName(pattern) === alias && name !== "" ? [moduleName(name)] : [];
      }),
  };
}

function nameOf(path: string): string | undefined {
  const name = moduleFile.exec(path.slice(path.lastIndexOf("/") + 1))?.groups?.["name"];
  return name === undefined ? undefined : moduleName(name);
}

/** Of `modules.builtin.modinfo`: `crc32c_generic.alias=crypto-crc32c`. */
function builtInAlias(item: string): string | undefined {
  const alias = /^[^.=]+\.alias=(.+)$/.exec(item)?.[1];
  return alias === undefined ? undefined : moduleName(alias);
}

async function findModules(directory: string): Promise<string[]> {
  try {
    const files = await readdir(directory, { recursive: true, withFileTypes: true });
    const paths = files
      .filter((file) => file.isFile() && moduleFile.test(file.name))
      .map((file) => relative(directory, join(file.parentPath, file.name)).split(sep).join("/"));
    return paths.toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  } catch (cause) {
    throw unreadable(directory, cause);
  }
}

function rank(path: string): number {
  const place = searchOrder.indexOf(path.slice(0, Math.max(path.indexOf("/"), 0)));
  return place === -1 ? searchOrder.length : place;
}

/** The lines of one of depmod's or the kernel's files, which end in a newline or in NUL; undefined if it is not there. */
async function readList(path: string): Promise<string[] | undefined> {
  try {
    return (await readFile(path, "latin1")).split(/[\n\0]/).filter((line) => line !== "");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw unreadable(path, cause);
  }
}
