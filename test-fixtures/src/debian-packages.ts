import { createHash, randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { runTool } from "./judges/run-tool.ts";
import { judgePath } from "./require-judge.ts";
import { workspaceCache } from "./workspace-cache.ts";

/** A package of the machine's Debian archive, in the version that apt would install. */
export interface DebianPackage {
  /** With `:arm64` and the like where it is of another architecture than the machine. */
  readonly name: string;
  readonly version: string;
}

/**
 * These packages and all that they depend on (Essential packages too, recommendations not), as apt would install them
 * on an empty system; in order of name. Changes nothing of the system, needs no root, asks no server.
 */
export async function debianClosure(names: readonly string[]): Promise<DebianPackage[]> {
  // apt takes seconds for an answer that changes only with its lists.
  const question = JSON.stringify([names, await listsOfApt()]);
  const cache = await workspaceCache("closures");
  const path = join(cache, createHash("sha256").update(question).digest("hex").slice(0, 16));
  const stored = await readFile(path, "utf8").catch(() => undefined);
  if (stored !== undefined) return JSON.parse(stored) as DebianPackage[];
  const closure = await simulateInstallation(names);
  const aside = `${path}.${randomUUID()}`;
  await writeFile(aside, JSON.stringify(closure));
  await rename(aside, path);
  return closure;
}

/** What apt's answers depend on: its lists and settings, each by name, size and time. */
async function listsOfApt(): Promise<string[]> {
  const directories = ["/var/lib/apt/lists", "/etc/apt/preferences.d", "/etc/apt/apt.conf.d"];
  const listed = directories.map(async (directory) => {
    const names = (await readdir(directory).catch(() => [])).filter(
      (name) => !/^(auxfiles|lock|partial)$/.test(name),
    );
    return names.map((name) => join(directory, name));
  });
  const paths = [...(await Promise.all(listed)).flat(), "/var/lib/dpkg/arch"].toSorted();
  const described = paths.map(async (path) => {
    const status = await stat(path).catch(() => undefined);
    return `${path} ${status?.size} ${status?.mtimeMs}`;
  });
  return await Promise.all(described);
}

async function simulateInstallation(names: readonly string[]): Promise<DebianPackage[]> {
  const empty = ["Dir::State::status=/dev/null", "APT::Install-Recommends=false", "Debug::NoLocking=true"];
  const options = empty.flatMap((option) => ["-o", option]);
  const printed = await runTool("apt-get", ["install", "--simulate", "-qq", ...options, ...names]);
  return [...printed.matchAll(/^Inst (\S+) \((\S+) /gm)]
    .map(([, name = "", version = ""]) => ({ name, version }))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

/** The one package of this name, or whose name matches, among `names` and their dependencies. */
export async function debianPackage(names: readonly string[], pattern: RegExp): Promise<DebianPackage> {
  const found = (await debianClosure(names)).find(({ name }) => pattern.test(name));
  if (found === undefined) throw new Error(`${names.join(", ")} depend on no ${pattern.source}`);
  return found;
}

/** Downloads packages without installing them, each once; returns their paths in the same order. */
export async function downloadPackages(packages: readonly DebianPackage[]): Promise<string[]> {
  const cache = await workspaceCache("debs");
  const stored = await readdir(cache);
  const missing = packages.filter((wanted) => findPackage(stored, wanted) === undefined);
  if (missing.length > 0) {
    // Into the cache by rename: several processes may download the same.
    const aside = await mkdtemp(join(cache, ".download-"));
    try {
      const exact = missing.map(({ name, version }) => `${name}=${version}`);
      await runTool("apt-get", ["download", "-qq", "-o", "APT::Sandbox::User=root", ...exact], {
        cwd: aside,
      });
      for (const file of await readdir(aside)) await rename(join(aside, file), join(cache, file));
    } finally {
      await rm(aside, { recursive: true });
    }
  }
  const files = await readdir(cache);
  return packages.map((wanted) => {
    const file = findPackage(files, wanted);
    if (file === undefined) throw new Error(`apt-get did not download ${wanted.name} ${wanted.version}`);
    return join(cache, file);
  });
}

function findPackage(files: readonly string[], { name, version }: DebianPackage): string | undefined {
  const [own = "", architecture = ""] = name.split(":");
  const start = `${own}_${version.replaceAll(":", "%3a")}_`;
  return files.find((file) => file.startsWith(start) && file.endsWith(`${architecture}.deb`));
}

/**
 * Unpacks a package's files over a directory as root, running none of its scripts. Symbolic links to directories that are
 * there already (`/bin` of a merged /usr) are followed, as dpkg does.
 */
export async function unpackPackage(deb: string, directory: string): Promise<void> {
  const env = { PATH: judgePath() };
  const options = ["--extract", "--numeric-owner", "--preserve-permissions", "--keep-directory-symlink"];
  const unpack = execa("tar", [...options, "--directory", directory], { env, buffer: false });
  await execa("dpkg-deb", ["--fsys-tarfile", deb], { env, buffer: false }).pipe(unpack);
}
