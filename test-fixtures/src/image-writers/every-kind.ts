import { byteStringOf } from "@bootlayer/rootfs-tree";
import { attributes, xattrs, type TreeMaker } from "./tree-maker.ts";

/** Where formats differ: the edges of what they hold. */
export interface Edges {
  /** Bytes of symlinks' targets. */
  readonly targets: readonly number[];
  /** Seconds of times. */
  readonly seconds: readonly number[];
  /** Bytes of files. */
  readonly sizes: readonly number[];
}

/** Version 2, effective: permitted and inheritable capabilities, low words before high ones, with bytes over 0x7f. */
const capability = Buffer.from("0100000280c0ffff00800000ff01000000000000", "hex");

/** One of everything, at the edges of what a field holds. */
export async function fillWithEveryKind(tree: TreeMaker, { targets, seconds, sizes }: Edges): Promise<void> {
  tree.directory("var/tmp", { mode: 0o1777, uid: 65_536, gid: 4_294_967_294 });
  await tree.file("bin/su", "#!", { mode: 0o4755, xattrs: xattrs({ "security.capability": capability }) });
  await tree.file("bin/setgid", "#!", { mode: 0o2755, uid: 100_000, gid: 70_000 });
  await tree.file("empty", "", { mode: 0o000 });
  const linked = await tree.file("a/linked", "one file, three names", { uid: 1, gid: 2 });
  tree.add("a/link", linked);
  tree.add("z", linked);
  tree.add("linked-symlink", tree.symlink("links/first", "somewhere"));
  for (const length of targets) tree.symlink(`links/${length}`, "t".repeat(length));
  const device = { kind: "character-device", attributes: attributes({ mode: 0o666 }) } as const;
  tree.add("dev/null", { ...device, device: { major: 1, minor: 3 } });
  tree.add("dev/old", { ...device, device: { major: 255, minor: 255 } });
  tree.add("dev/new", { ...device, kind: "block-device", device: { major: 4095, minor: 1_048_575 } });
  tree.add("dev/minor", { ...device, kind: "block-device", device: { major: 8, minor: 256 } });
  tree.add("run/fifo", { kind: "fifo", attributes: attributes({ mode: 0o600 }) });
  tree.add("run/socket", { kind: "socket", attributes: attributes({ mode: 0o700 }) });
  for (const second of seconds)
    await tree.file(`time/${second}`, "x", {
      // ext4's earliest time is a whole second.
      mtime: { seconds: second, nanoseconds: second === -(2 ** 31) ? 0 : 999_999_999 },
    });
  for (const size of sizes) await tree.file(`sizes/${size}`, Buffer.alloc(size, `${size} `));
  const names = tree.directory("names");
  for (const bytes of ["ff", "0a", "5c", "20", "2e2e2e", "eda080", "61".repeat(255)])
    names.entries.set(byteStringOf(Buffer.from(bytes, "hex")), { kind: "fifo", attributes: attributes() });
}
