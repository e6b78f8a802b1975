import { join } from "node:path";
import { debianClosure, type DebianPackage } from "../debian-packages.ts";
import { runTool } from "../judges/run-tool.ts";
import {
  BASE_PACKAGES,
  installAccounts,
  MERGED_USR,
  packagesByLayer,
  unpackLayer,
} from "../real-images/debian-layers.ts";
import type { RealLayer } from "../real-images/layer.ts";
import { imageFile, imageFiles } from "./image-files.ts";

/** What slim images leave out. */
const TRIM = "rm -rf usr/share/{bug,doc,info,lintian,locale,man}";

/** What the scripts of base-files, mawk and passwd do when they are installed. */
const BASE = String.raw`
cp -p usr/share/libc-bin/nsswitch.conf etc/
cp -p usr/share/base-files/dot.bashrc root/.bashrc
ln -s mawk usr/bin/awk
sed -i 's/^\([^:]*\):[^:]*:/\1:x:/' etc/passwd etc/group
sed 's/^\([^:]*\):.*/\1:*:19700:0:99999:7:::/' etc/passwd > etc/shadow
sed 's/^\([^:]*\):.*/\1:*::/' etc/group > etc/gshadow
chown 0:42 etc/shadow etc/gshadow
chmod 640 etc/shadow etc/gshadow
`;

/** A step of an image on Debian; one layer. */
export interface DebianStep {
  /** Added with all that they depend on. */
  readonly packages?: readonly string[];
  /**
   * Run by bash in the layer's directory. `$BELOW` is the base layer's directory, `$FILES` the one of the image's own
   * files, `add_user NAME UID HOME SHELL` copies the accounts up from the base layer and adds one with a group of its own.
   */
  readonly script?: string;
}

const FUNCTIONS = String.raw`
add_user() {
  mkdir -p -m 755 etc
  for file in passwd group shadow gshadow; do [ -e etc/$file ] || cp -p "$BELOW/etc/$file" etc/; done
  echo "$1:x:$2:$2::$3:$4" >> etc/passwd
  echo "$1:x:$2:" >> etc/group
  echo "$1:*:19700:0:99999:7:::" >> etc/shadow
  echo "$1:*::" >> etc/gshadow
}
`;

export interface DebianImage {
  /** Its files lie in `guest-images/NAME`. */
  readonly name: string;
  readonly steps: readonly DebianStep[];
  /** Dependencies that the image can do without, since no package's script is run. */
  readonly without?: RegExp;
}

/** What decides the image's bytes. */
export async function debianImageInputs(image: DebianImage): Promise<unknown> {
  const closure = await debianClosure([...BASE_PACKAGES, ...image.steps.flatMap(packagesOf)]);
  return [closure, await imageFiles(image.name)];
}

/** The layers of a small Debian with a shell, and those of the image's steps over it. */
export async function* debianImageLayers(image: DebianImage, scratch: string): AsyncIterable<RealLayer> {
  const steps: readonly DebianStep[] = [{ packages: BASE_PACKAGES, script: BASE }, ...image.steps];
  const added = await packagesByLayer(steps.map(packagesOf));
  for (const [index, { script = "" }] of steps.entries()) {
    const packages = (added[index] ?? []).filter((found) => isWanted(found, image.without));
    const directory = join(scratch, `layer${index}`);
    await unpackLayer(directory, packages);
    if (index === 0) await installAccounts(directory);
    await runTool("bash", ["-euc", `umask 022\n${FUNCTIONS}\n${script}\n${TRIM}`], {
      cwd: directory,
      env: { BELOW: join(scratch, "layer0"), FILES: imageFile(image.name) },
    });
    yield { directory, without: index === 0 ? [] : MERGED_USR };
  }
}

function packagesOf({ packages = [] }: DebianStep): readonly string[] {
  return packages;
}

function isWanted({ name }: DebianPackage, without: RegExp | undefined): boolean {
  return without === undefined || !without.test(name);
}
