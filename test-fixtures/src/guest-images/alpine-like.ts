import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { debianClosure, downloadPackages, unpackPackage, type DebianPackage } from "../debian-packages.ts";
import { runTool } from "../judges/run-tool.ts";
import type { RealImageRecipe } from "../real-images/recipe.ts";
import { imageFile, imageFiles } from "./image-files.ts";
import { probeInputs, probeLayer } from "./probe.ts";

/** The directories and accounts of Alpine's base layout; busybox under all its names, `init` in /sbin among them. */
export const BUSYBOX_BASE: string = String.raw`
mkdir -p -m 755 bin dev etc home lib media mnt opt proc root run sbin srv sys usr/bin usr/sbin usr/local/bin var/lib var/log
mkdir -p -m 1777 tmp var/tmp
ln -s ../run var/run
chmod 700 root
mknod -m 600 dev/console c 5 1
mknod -m 666 dev/null c 1 3
for name in $(bin/busybox --list); do
  case $name in
    busybox|dpkg*|rpm*|linuxrc) ;;
    init|halt|poweroff|reboot|getty|ifup|ifdown|ip|mdev|modprobe|insmod|route|udhcpc|sysctl|syslogd) ln -s /bin/busybox "sbin/$name" ;;
    [a-m]*|sh|ps|pwd|rm|rmdir|sed|sleep|su|sync|touch|true|umount|uname) ln -s /bin/busybox "bin/$name" ;;
    '['*|*) ln -s /bin/busybox "usr/bin/$name" ;;
  esac
done
cat > etc/passwd <<END
root:x:0:0:root:/root:/bin/sh
guest:x:405:100:guest:/dev/null:/sbin/nologin
nobody:x:65534:65534:nobody:/:/sbin/nologin
END
cat > etc/group <<END
root:x:0:root
tty:x:5:
wheel:x:10:root
uucp:x:14:
users:x:100:
nobody:x:65534:
END
`;

const BASE = String.raw`
${BUSYBOX_BASE}
printf 'NAME="musl and busybox"\nID=musl-busybox\nID_LIKE=alpine\nVERSION_ID=1\n' > etc/os-release
install -m 644 "$FILES/inittab" etc/
`;

/** Alpine's arrangement from Debian's packages: musl's loader, busybox as /bin/sh and as /sbin/init, no bash. */
export const alpineLike: RealImageRecipe = {
  name: "alpine-like",
  config: {
    Entrypoint: ["/entrypoint.sh"],
    Cmd: ["report"],
    Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    // Neither is in passwd or group.
    User: "1000:1000",
    ExposedPorts: { "8080/tcp": {} },
  },
  inputs: async () => [await packages(), await imageFiles("alpine-like"), await probeInputs()],
  build: async function* (scratch) {
    const base = join(scratch, "base");
    const env = { FILES: imageFile("alpine-like") };
    await mkdir(base);
    for (const deb of await downloadPackages(await packages())) await unpackPackage(deb, base);
    await runTool("bash", ["-euc", `umask 022\nrm -rf usr/share\n${BASE}`], { cwd: base, env });
    yield { directory: base };
    const entrypoint = join(scratch, "entrypoint");
    await runTool("install", [
      "-D",
      "-m",
      "755",
      imageFile("alpine-like", "entrypoint.sh"),
      join(entrypoint, "entrypoint.sh"),
    ]);
    yield { directory: entrypoint };
    yield await probeLayer(scratch, "musl", "usr/local/bin/probe");
  },
};

async function packages(): Promise<DebianPackage[]> {
  const names = ["busybox-static", "musl"];
  return (await debianClosure(names)).filter(({ name }) => names.includes(name));
}
