import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { debianClosure, downloadPackages, unpackPackage, type DebianPackage } from "../debian-packages.ts";
import { runTool } from "../judges/run-tool.ts";
import type { RealImageRecipe } from "../real-images/recipe.ts";
import { BUSYBOX_BASE } from "./alpine-like.ts";
import { imageFile, imageFiles } from "./image-files.ts";
import { probeInputs, probeLayer } from "./probe.ts";

const BASE = String.raw`
${BUSYBOX_BASE}
printf 'NAME="busybox and OpenRC"\nID=busybox-openrc\nVERSION_ID=1\n' > etc/os-release
`;

/** What a package's script, and Alpine's packages of services, would add: services and the runlevels that they are in. */
const OPENRC = String.raw`
rm -rf usr/share etc/init.d/*
mkdir -p -m 755 etc/runlevels/{sysinit,boot,default,shutdown}
rm -rf etc/runlevels/{nonetwork,off,recovery}
install -m 644 "$FILES/inittab" etc/
install -m 755 "$FILES"/{devfs,hostname,mount-ro,probe,root} etc/init.d/
ln -s /etc/init.d/devfs etc/runlevels/sysinit/
ln -s /etc/init.d/{hostname,root} etc/runlevels/boot/
ln -s /etc/init.d/probe etc/runlevels/default/
ln -s /etc/init.d/mount-ro etc/runlevels/shutdown/
echo openrc-image > etc/hostname
echo '# The root comes from the kernel command line.' > etc/fstab
# Debian's OpenRC looks there for what LSB scripts call their facilities.
mkdir etc/insserv.conf.d
touch etc/insserv.conf
printf 'rc_sys=""\nrc_tty_number=0\nunicode="NO"\n' >> etc/rc.conf
`;

/** OpenRC as Alpine has it, under busybox's init: services in /etc/init.d, runlevels, a probe that serves port 8080. */
export const openrc: RealImageRecipe = {
  name: "openrc",
  config: {
    Cmd: ["/sbin/init"],
    Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    ExposedPorts: { "8080/tcp": {} },
  },
  inputs: async () => [await packagesByLayer(), await imageFiles("openrc"), await probeInputs()],
  build: async function* (scratch) {
    const env = { FILES: imageFile("openrc") };
    for (const [index, packages] of (await packagesByLayer()).entries()) {
      const directory = join(scratch, `layer${index}`);
      await mkdir(directory);
      for (const deb of await downloadPackages(packages)) await unpackPackage(deb, directory);
      const script = index === 0 ? `rm -rf usr/share\n${BASE}` : OPENRC;
      await runTool("bash", ["-euc", `umask 022\n${script}`], { cwd: directory, env });
      yield { directory };
    }
    yield await probeLayer(scratch, "static", "usr/local/bin/probe");
  },
};

/** busybox, then OpenRC and the libraries that it is linked with. */
async function packagesByLayer(): Promise<DebianPackage[][]> {
  const closure = await debianClosure(["busybox-static", "openrc"]);
  const [busybox, others]: [DebianPackage[], DebianPackage[]] = [[], []];
  for (const found of closure) {
    if (found.name === "busybox-static") busybox.push(found);
    else if (!/^(debconf|gcc-12-base|insserv|libaudit-common)$/.test(found.name)) others.push(found);
  }
  return [busybox, others];
}
