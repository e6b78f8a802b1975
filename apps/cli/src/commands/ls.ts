import { listFiles, type ListedFile } from "@bootlayer/image-builder";
import { displayText, type RootfsNode, type Timestamp } from "@bootlayer/rootfs-tree";
import type { CliContext } from "../context.ts";
import { environmentOf } from "../environment.ts";
import { limitsOf, type LayerFlags } from "../flags.ts";
import { formatTable } from "../format.ts";
import { withProgress } from "../progress/with-progress.ts";

export async function ls(this: CliContext, flags: LayerFlags, source: string, path?: string): Promise<void> {
  const files = await withProgress(this, flags.progress, (progress) =>
    listFiles(
      { source, platform: flags.platform, path, limits: limitsOf(flags) },
      environmentOf(flags, this, progress),
    ),
  );
  this.process.stdout.write(
    flags.json ? `${JSON.stringify(files.map(fileJson))}\n` : formatTable(files.map(fileRow), [1, 2, 3]),
  );
}

const typeLetters: Readonly<Record<RootfsNode["kind"], string>> = {
  directory: "d",
  file: "-",
  symlink: "l",
  "character-device": "c",
  "block-device": "b",
  fifo: "p",
  socket: "s",
};

function fileRow({ name, node }: ListedFile): string[] {
  const { uid, gid, mtime } = node.attributes;
  const target = node.kind === "symlink" ? ` -> ${displayText(node.target)}` : "";
  return [
    `${typeLetters[node.kind]}${permissions(node.attributes.mode)}`,
    String(uid),
    String(gid),
    sizeOf(node),
    formatTime(mtime),
    `${displayText(name)}${target}`,
  ];
}

/** As ls(1) writes them: setuid, setgid and sticky in the place of x. */
function permissions(mode: number): string {
  const bits = Array.from("rwxrwxrwx", (letter, index) => (mode & (0o400 >> index) ? letter : "-"));
  for (const [bit, at, letter] of [
    [0o4000, 2, "s"],
    [0o2000, 5, "s"],
    [0o1000, 8, "t"],
  ] as const)
    if (mode & bit) bits[at] = bits[at] === "x" ? letter : letter.toUpperCase();
  return bits.join("");
}

function sizeOf(node: RootfsNode): string {
  if (node.kind === "file") return String(node.size);
  if (node.kind === "character-device" || node.kind === "block-device")
    return `${node.device.major},${node.device.minor}`;
  return node.kind === "symlink" ? String(node.target.length) : "";
}

function formatTime({ seconds }: Timestamp): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().slice(0, 19).replace("T", " ");
}

function fileJson({ name, node }: ListedFile): object {
  const { mode, uid, gid, mtime, xattrs } = node.attributes;
  return {
    name: displayText(name),
    kind: node.kind,
    mode: mode.toString(8).padStart(4, "0"),
    uid,
    gid,
    mtime: `${mtime.seconds}.${String(mtime.nanoseconds).padStart(9, "0")}`,
    ...(node.kind === "file" ? { size: node.size } : {}),
    ...(node.kind === "symlink" ? { target: displayText(node.target) } : {}),
    ...(node.kind === "character-device" || node.kind === "block-device" ? { device: node.device } : {}),
    xattrs: Object.fromEntries(
      [...xattrs].map(([key, value]) => [displayText(key), Buffer.from(value).toString("base64")]),
    ),
  };
}
