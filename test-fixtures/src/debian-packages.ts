import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { runTool } from "./judges/run-tool.ts";
import { workspaceCache } from "./workspace-cache.ts";
import { cachedDirectory } from "./cached-directory.ts";

/** A package of the machine's Debian archive in the version that apt would install. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
}

/**
 * These packages and all that they depend on (Essential packages too, recommendations not), as apt would install them
 * on an empty system; in order of name. Changes nothing, needs no root.
 */
export async function debianClosure(names: readonly string[]): Promise<DebianPackage[]> {
  const empty = ["Dir::State::status=/dev/null", "APT::Install-Recommends=false", "Debug::NoLocking=true"];
  const options = empty.flatMap((option) => ["-o", option]);
  const printed = await runTool("apt-get", ["install", "--simulate", "-qq", ...options, ...names]);
  const installed = [...printed.matchAll(/^Inst (\S+) \((\S+) /gm)];
  return installed
    .map(([, name = "", version = ""]) => ({ name, version }))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

/** The package that a metapackage stands for: its first dependency whose name matches. */
export async function debianDependency(metapackage: string, pattern: RegExp): Promise<DebianPackage> {
  const closure = await debianClosure([metapackage]);
  const found = closure.find(({ name }) => pattern.test(name));
  if (found === undefined) throw new Error(`${metapackage} depends on no ${pattern.source}`);
  return found;
}

/** Downloads a package without installing it, once; returns the .deb's path. */
export async function downloadPackage({ name, version }: DebianPackage): Promise<string> {
  const parent = await workspaceCache("debs");
  const directory = await cachedDirectory(
    join(parent, `${name}_${version.replaceAll(":", "%3a")}`),
    async (aside) => {
      await runTool("apt-get", ["download", "-qq", "-o", "APT::Sandbox::User=root", `${name}=${version}`], {
        cwd: aside,
      });
    },
  );
  const deb = (await readdir(directory)).find((file) => file.endsWith(".deb"));
  if (deb === undefined) throw new Error(`${directory} holds no package`);
  return join(directory, deb);
}

/**
 * Unpacks a package's files over a directory as root, running none of its scripts. Symbolic links to directories that are
 * there already (`/bin` of a merged /usr) are followed, as dpkg does.
 */
export async function unpackPackage(deb: string, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const archive = execa("dpkg-deb", ["--fsys-tarfile", deb], { buffer: false });
  const options = ["--extract", "--numeric-owner", "--preserve-permissions", "--keep-directory-symlink"];
  await archive.pipe("tar", [...options, "--directory", directory]);
}
