import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { debianPackage, downloadPackages, unpackPackage } from "../debian-packages.ts";
import { runTool } from "../judges/run-tool.ts";
import type { TarEntry } from "../tar-archive.ts";
import type { RealImageRecipe } from "./recipe.ts";

/** The one binary under its many names: hard links in /bin, symbolic links in /sbin. */
const BASE = String.raw`
rm -rf usr
chmod 755 .
mkdir -p -m 755 dev etc proc root sbin sys
mkdir -m 1777 tmp
for name in $(bin/busybox --list); do
  case $name in
    busybox) ;;
    [a-m]*|sh) ln bin/busybox "bin/$name" ;;
    *) ln -s ../bin/busybox "sbin/$name" ;;
  esac
done
echo 'root:x:0:0:root:/root:/bin/sh' > etc/passwd
mknod -m 600 dev/console c 5 1
mknod -m 640 dev/kmem c 1 2
mknod -m 660 dev/big b 259 1048575
`;

/** Names, times and attributes at their edges; written as PAX with xattrs and sparse files. */
const ODDITIES = String.raw`
mkdir odd && cd odd
echo latin1 > "$(printf 'caf\351')"
echo newline > "$(printf 'two\nlines')"
echo bytes > "$(printf '\001\177\200\377')"
ln -s "$(printf 'caf\351')" "$(printf 'to caf\351')"
mkdir "$(printf 'dir\377')" && echo below > "$(printf 'dir\377')/file"
echo longest > "$(printf 'n%.0s' $(seq 255))"
ln -s "$(printf 't%.0s' $(seq 59))" target-59
ln -s "$(printf 't%.0s' $(seq 60))" target-60
ln -s "$(printf 't/%.0s' $(seq 1000))" target-2000
mkfifo -m 620 fifo
mkfifo -m 600 pipe
truncate -s 20M all-hole
printf start > holes && truncate -s 8M holes && printf middle | dd of=holes bs=1M seek=4 conv=notrunc status=none
printf end >> holes
for n in $(seq 60); do printf x | dd of=many-holes bs=64K seek=$n conv=notrunc status=none; done
echo group > link-a && ln link-a link-b && mkdir links && ln link-a links/link-c
ln -s nowhere dangling && ln dangling hard-link-to-symlink
echo acl > acl && setfacl -m u:1000:rw,g:1001:r acl
mkdir acl-directory && setfacl -m d:u:1000:rwx acl-directory
echo xattrs > xattrs
setfattr -n user.empty xattrs
setfattr -n user.bytes -v 0x00ff0a3d80 xattrs
setfattr -n trusted.t -v 0x01 xattrs
setfattr -n user.long -v "0x$(printf '%02x' $(seq 255) | head -c 2000)" xattrs
setfattr -h -n trusted.on-a-link -v yes dangling
echo capable > capable && setcap cap_setuid,cap_sys_admin=ep capable
echo setuid > setuid && chown 4294967294:65536 setuid && chmod 6755 setuid
echo unreadable > unreadable && chmod 0 unreadable
mkdir closed && echo inside > closed/file && chmod 555 closed
echo > nanoseconds && touch -d '2022-02-02 02:02:02.123456789 UTC' nanoseconds
echo > before-1970 && touch -d '1969-12-31 23:59:58.250000001 UTC' before-1970
echo > after-2038 && touch -d '2038-01-19 03:14:08.5 UTC' after-2038
echo > very-old && touch -d '1901-12-13 20:45:52 UTC' very-old
`;

/** The same in the GNU format: long names and targets by their own entries, numbers in base 256, no xattrs. */
const GNU_ODDITIES = String.raw`
mkdir gnu && cd gnu
long=$(printf 'd%.0s' $(seq 90))
mkdir -p "$long/$long" && echo deep > "$long/$long/file"
ln -s "$long/$long/file" long-target
echo > owner && chown 3000000:4000000 owner
echo > "$(printf 'umlaut-\374')"
touch -d '1960-01-01 00:00:00 UTC' owner
`;

/** Everything made just now gets one time, with nanoseconds; what a script dated otherwise keeps its own. */
const SETTLE_TIMES =
  "find . -newermt 2024-01-01 ! -newermt 2037-01-01 -exec touch -h -d @1700000000.123456789 {} +";

/** Seen from above: a hard link group broken, a fifo replaced, sparse files in the older PAX form. */
const TOP = String.raw`
mkdir odd && cd odd
echo replaced > link-b
echo regular > fifo
printf x > holes && truncate -s 3M holes && printf y >> holes
`;

const TOP_ENTRIES: readonly TarEntry[] = [
  { name: Buffer.from("odd/.wh.dir\xff", "latin1") },
  { name: "odd/links/.wh..wh..opq" },
  { name: "etc/hard-link-below", type: "hardlink", linkTarget: "odd/link-a" },
];

/** busybox on scratch, with names, times, xattrs, links and sparse files at their edges. */
export const busybox: RealImageRecipe = {
  name: "busybox",
  config: { Env: ["PATH=/bin:/sbin"], Cmd: ["/bin/sh"] },
  inputs: busyboxPackage,
  build: async function* (scratch) {
    const [base = "", odd = "", gnu = "", top = ""] = ["base", "odd", "gnu", "top"].map((name) =>
      join(scratch, name),
    );
    for (const directory of [base, odd, gnu, top]) await mkdir(directory);
    for (const deb of await downloadPackages([await busyboxPackage()])) await unpackPackage(deb, base);
    for (const [directory, script] of [
      [base, BASE],
      [odd, ODDITIES],
      [gnu, GNU_ODDITIES],
      [top, TOP],
    ] as const)
      await runTool("bash", ["-euc", `umask 022\n(${script})\n${SETTLE_TIMES}`], { cwd: directory });
    yield { directory: base, keepTimes: true };
    yield { directory: odd, keepTimes: true, sparseVersion: "1.0" };
    yield { directory: gnu, keepTimes: true, format: "gnu" };
    yield { directory: top, keepTimes: true, sparseVersion: "0.1", before: TOP_ENTRIES };
  },
};

async function busyboxPackage(): ReturnType<typeof debianPackage> {
  return await debianPackage(["busybox-static"], /^busybox-static$/);
}
