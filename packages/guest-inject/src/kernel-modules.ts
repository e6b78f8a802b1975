import { readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { elfArchitecture, parseElf } from "./doctor/elf.ts";
import { compressionOf, unpack } from "./doctor/unpack.ts";
import { unreadable } from "./entry-content.ts";
import { GuestError } from "./errors.ts";
import type { PreparedModule } from "./guest-plan.ts";
import { openModuleDirectory, type ModuleDirectory } from "./module-directory.ts";
import { moduleName, readModuleInfo, type ModuleInfo } from "./module-info.ts";

/** The largest modules, with debugging information, have some 60 MiB. */
const maxModuleBytes = 2 ** 28;
/** More than any guest needs at its start; a directory that names each module as its own need is noticed. */
const maxModules = 1000;

export interface PreparedModules {
  readonly version: string;
  /** In the order of loading: what a module needs comes before it. */
  readonly load: readonly PreparedModule[];
  readonly warnings: readonly string[];
}

interface Reading {
  readonly directory: string;
  readonly modules: ModuleDirectory;
  readonly architecture: "amd64" | "arm64";
  readonly signal: AbortSignal | undefined;
  /** By name; undefined while what it needs is read. */
  readonly done: Map<string, PreparedModule | undefined>;
  readonly load: PreparedModule[];
  readonly warnings: string[];
}

/**
 * Reads modules and all that they need, unpacked: what they depend on (`depends`), then what they say should be there (`softdep`),
 * which may be missing. With a driver of a virtio device go the transports that the directory has (virtio_pci, virtio_mmio). Modules
 * that the kernel has built in are left out.
 *
 * @param directory - a `lib/modules/VERSION`, with or without depmod's files.
 * @throws {GuestError} GUEST_MODULE, GUEST_ARCHITECTURE, GUEST_FILE. The signal's reason passes through.
 */
export async function prepareModules(
  directory: string,
  names: readonly string[],
  architecture: "amd64" | "arm64",
  signal: AbortSignal | undefined,
): Promise<PreparedModules> {
  const version = basename(resolve(directory));
  const modules = await openModuleDirectory(await checkDirectory(directory), version);
  const reading: Reading = {
    directory,
    modules,
    architecture,
    signal,
    done: new Map(),
    load: [],
    warnings: [],
  };
  for (const name of names) await addModule(moduleName(name), undefined, reading);
  return { version, load: reading.load, warnings: reading.warnings };
}

async function addModule(name: string, neededBy: string | undefined, reading: Reading): Promise<void> {
  const { modules, done, load } = reading;
  // A module whose needs are being read already is part of a circle: the kernel has none, a bad file may.
  if (done.has(name) || modules.isBuiltIn(name)) return;
  const path = modules.pathOf(name);
  if (path === undefined) {
    const why = neededBy === undefined ? "" : `, which ${neededBy} needs`;
    throw moduleError(
      `${reading.directory} has no module ${name}${why}`,
      "check the name, and that the directory is the guest's kernel's",
    );
  }
  if (done.size >= maxModules)
    throw moduleError(`more than ${maxModules} modules are needed`, "ask for fewer of them");
  done.set(name, undefined);
  const bytes = await readModule(path, reading);
  const info = checkModule(bytes, path, reading);
  for (const need of info.depends) await addModule(need, name, reading);
  if (info.depends.includes("virtio")) await addTransports(name, reading);
  for (const wish of info.softdepPre) await addWish(wish, name, reading);
  const module = { name, path: path.replace(/\.(?:gz|zst)$/, ""), bytes };
  done.set(name, module);
  load.push(module);
  for (const wish of info.softdepPost) await addWish(wish, name, reading);
}

/** What brings virtio devices to light. A driver does not depend on it, and yet finds no device without. */
const virtioTransports = ["virtio_pci", "virtio_mmio"] as const;

async function addTransports(driver: string, reading: Reading): Promise<void> {
  for (const transport of virtioTransports)
    if (transport !== driver && reading.modules.pathOf(transport) !== undefined)
      await addModule(transport, driver, reading);
}

async function addWish(wish: string, of: string, reading: Reading): Promise<void> {
  const { modules } = reading;
  const names = modules.isBuiltIn(wish) || modules.pathOf(wish) ? [wish] : modules.aliasOf(wish);
  for (const name of names) await addModule(name, of, reading);
  if (names.length === 0)
    reading.warnings.push(`module ${of} works best with ${wish}, which ${reading.directory} does not have`);
}

async function readModule(path: string, { directory, signal }: Reading): Promise<Uint8Array> {
  const file = join(directory, path);
  let bytes: Buffer;
  try {
    const { size } = await stat(file);
    if (size > maxModuleBytes) throw moduleError(`${file} is over ${maxModuleBytes} bytes`, "strip it");
    bytes = await readFile(file, { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof GuestError) throw cause;
    throw unreadable(file, cause);
  }
  const compression = compressionOf(bytes);
  if (compression === undefined) return bytes;
  if (compression !== "gzip" && compression !== "zstd")
    throw moduleError(
      `${file} is packed with ${compression}, which is not read here`,
      `unpack it beside the packed one, or in a copy of the directory: ${compression} -d`,
    );
  const unpacked = await unpack(bytes, compression, maxModuleBytes);
  if (unpacked === undefined) throw moduleError(`${file} cannot be unpacked`, "copy it again");
  return unpacked;
}

function checkModule(bytes: Uint8Array, path: string, reading: Reading): ModuleInfo {
  const { directory, architecture, modules } = reading;
  const file = join(directory, path);
  const info = readModuleInfo(bytes);
  const elf = parseElf(bytes, bytes.length);
  if (info === undefined || elf.kind !== "elf")
    throw moduleError(`${file} is no kernel module`, "copy it again");
  const own = elfArchitecture(elf.header);
  if (own !== architecture)
    throw new GuestError(
      "GUEST_ARCHITECTURE",
      `${file} is for ${own}, and the guest is ${architecture}`,
      "name the modules of the guest's kernel",
    );
  const [release = ""] = info.vermagic.split(" ");
  if (release !== "" && release !== modules.version)
    reading.warnings.push(`${file} was built for kernel ${release}, and its directory is ${modules.version}`);
  return info;
}

async function checkDirectory(directory: string): Promise<string> {
  try {
    if ((await stat(directory)).isDirectory()) return directory;
  } catch (cause) {
    throw unreadable(directory, cause);
  }
  throw moduleError(`${directory} is no directory`, "name lib/modules/VERSION of the guest's kernel");
}

function moduleError(message: string, hint: string): GuestError {
  return new GuestError("GUEST_MODULE", message, hint);
}
