import { cp, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { debianClosure, downloadPackages, unpackPackage, type DebianPackage } from "../debian-packages.ts";

/** The links of a merged /usr; packages still ship files in `/bin` and `/lib`, which go where these lead. */
export const MERGED_USR = ["bin", "lib", "lib64", "sbin"] as const;

/** What a shell and a login need; PID 1 of a guest that is only a shell. */
export const BASE_PACKAGES: readonly string[] =
  "base-files base-passwd bash coreutils dash findutils grep iputils-ping libc-bin login mount passwd sed util-linux".split(
    " ",
  );

/** The packages that each layer adds to those below it, dependencies included. */
export async function packagesByLayer(layers: readonly (readonly string[])[]): Promise<DebianPackage[][]> {
  const below = new Set<string>();
  const added: DebianPackage[][] = [];
  for (const index of layers.keys()) {
    const closure = await debianClosure(layers.slice(0, index + 1).flat());
    added.push(closure.filter(({ name }) => !below.has(name)));
    for (const { name } of closure) below.add(name);
  }
  return added;
}

/** Unpacks packages, whose scripts are not run, into a new directory with a merged /usr. */
export async function unpackLayer(directory: string, packages: readonly DebianPackage[]): Promise<void> {
  await mkdir(join(directory, "usr"), { recursive: true });
  for (const name of MERGED_USR) {
    await mkdir(join(directory, "usr", name));
    await symlink(`usr/${name}`, join(directory, name));
  }
  for (const deb of await downloadPackages(packages)) await unpackPackage(deb, directory);
}

/** What base-passwd's script would do. */
export async function installAccounts(directory: string): Promise<void> {
  for (const file of ["passwd", "group"])
    await cp(join(directory, "usr/share/base-passwd", `${file}.master`), join(directory, "etc", file));
}
