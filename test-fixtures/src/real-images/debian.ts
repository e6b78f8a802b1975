import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { debianClosure } from "../debian-packages.ts";
import { runTool } from "../judges/run-tool.ts";
import type { TarEntry } from "../tar-archive.ts";
import { BASE_PACKAGES, installAccounts, MERGED_USR, packagesByLayer, unpackLayer } from "./debian-layers.ts";
import type { RealImageRecipe } from "./recipe.ts";

const LAYERS = [BASE_PACKAGES, ["python3-minimal", "tzdata"]];

/** Device nodes, and a capability whose bytes go beyond 0x7f (cap_setuid is bit 7). */
const BASE_CHANGES = String.raw`
mkdir -p -m 755 usr/local/bin
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/tty c 5 0
mknod -m 600 dev/console c 5 1
mknod -m 660 dev/vda b 254 0
setcap cap_setuid,cap_net_raw+ep usr/bin/ping
`;

/** Replaced: a file's content, a file by a directory, a directory by a link, a directory's attributes. */
const TOP_CHANGES = String.raw`
mkdir -p etc usr/share/locale
chmod 755 . etc usr usr/share usr/share/locale
echo '12.99' > etc/debian_version
mkdir etc/host.conf && echo 'multi on' > etc/host.conf/multi
ln -s mnt media
mkdir srv && chown 33:33 srv && chmod 3770 srv && setfattr -n user.owner -v web srv
echo 'none here' > usr/share/locale/README
`;

const TOP_ENTRIES: readonly TarEntry[] = [
  { name: "etc/.wh.issue" },
  { name: "usr/share/.wh.doc" },
  { name: "usr/share/locale/.wh..wh..opq" },
  { name: "usr/local/bin/bash", type: "hardlink", linkTarget: "usr/bin/bash" },
  { name: "usr/local/bin/python-link", type: "hardlink", linkTarget: "usr/bin/python3" },
  { name: "bin/through-a-link", content: "#!/bin/sh\n", mode: 0o755 },
];

/** A small Debian with a shell: setuid files, a file capability, devices, and a top layer that changes the lower ones. */
export const debian: RealImageRecipe = {
  name: "debian",
  config: { Env: ["PATH=/usr/local/bin:/usr/bin:/usr/sbin"], Cmd: ["/bin/bash"] },
  inputs: async () => await debianClosure(LAYERS.flat()),
  build: async function* (scratch) {
    for (const [index, packages] of (await packagesByLayer(LAYERS)).entries()) {
      const directory = join(scratch, `layer${index}`);
      await unpackLayer(directory, packages);
      if (index === 0) {
        await installAccounts(directory);
        await runTool("bash", ["-euc", BASE_CHANGES], { cwd: directory });
      }
      yield { directory, without: index === 0 ? [] : MERGED_USR };
    }
    const directory = join(scratch, "top");
    await mkdir(directory);
    await runTool("bash", ["-euc", TOP_CHANGES], { cwd: directory });
    yield { directory, before: TOP_ENTRIES };
  },
};
