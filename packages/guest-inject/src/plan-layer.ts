import {
  byteString,
  bytesOf,
  displayText,
  type ByteString,
  type DirectoryNode,
  type PathResolution,
} from "@bootlayer/rootfs-tree";
import { encodeInitConf } from "./encode-init-conf.ts";
import { GuestError } from "./errors.ts";
import type { PreparedFile } from "./guest-plan.ts";
import type { InitConf } from "./init-conf.ts";
import type { InjectedTree } from "./injected-tree.ts";
import { hostsFile, resolvConf } from "./network-files.ts";
import { openrcServices, runlevelLink } from "./openrc-services.ts";
import { parsePasswd } from "./passwd.ts";
import { guestPaths, pathBelow } from "./paths.ts";
import type { Planning } from "./planning.ts";
import { systemdFiles } from "./systemd-units.ts";

const root = { uid: 0, gid: 0 };
/** What is mounted on in every guest. The init makes what is missing, where it can write. */
const mountPoints = { "/dev": 0o755, "/proc": 0o555, "/sys": 0o555, "/run": 0o755, "/tmp": 0o1777 } as const;

/** Puts in what was asked for by path. A symlink to a directory in the image takes the files of a directory. */
export function putFiles(files: readonly PreparedFile[], tree: InjectedTree): void {
  for (const { guest, content, ...owner } of files)
    if (content.kind === "directory") tree.putDirectory(guest, owner);
    else if (content.kind === "symlink") tree.putSymlink(guest, content.target);
    else tree.putFile(guest, owner, content);
}

/** The guest's own files in /etc and elsewhere, over what the image has. */
export async function putGuestFiles(planning: Planning, conf: InitConf): Promise<void> {
  const { config, prepared, tree, process, foreign, hostname } = planning;
  if (config.hostname !== undefined || (foreign === undefined && !isPutIn(tree, "/etc/hostname")))
    putText(tree, "/etc/hostname", `${hostname}\n`);
  if (planning.readOnlyRoot) putMountPoints(tree);
  await putHosts(planning);
  putResolvConf(planning);
  // Empty: each machine that starts from a copy of the disk gets an identity of its own (machine-id(5), "First boot semantics").
  // Nothing fills it under OpenRC, where D-Bus takes a missing file and not an empty one.
  if (foreign?.system !== "openrc" && !isPutIn(tree, "/etc/machine-id"))
    putText(tree, "/etc/machine-id", "", 0o444);
  await putAuthorizedKeys(planning);
  if (foreign === undefined)
    tree.putDirectory(byteString(process.workingDirectory), { mode: 0o755, ...root });
  tree.putFile(
    byteString(guestPaths.init),
    { mode: 0o755, ...root },
    { kind: "bytes", bytes: prepared.init },
  );
  // Services may have secrets in their environment.
  tree.putFile(
    byteString(guestPaths.conf),
    { mode: 0o600, ...root },
    { kind: "bytes", bytes: encodeInitConf(conf) },
  );
  // So that it boots without `init=` too, where the image has nothing there.
  if (foreign === undefined && isFree(tree, "/sbin/init"))
    tree.putSymlink(byteString("/sbin/init"), byteString(guestPaths.init));
}

function putMountPoints(tree: InjectedTree): void {
  for (const [path, mode] of Object.entries(mountPoints))
    if (tree.follow(byteString(path)).kind === "missing")
      tree.putDirectory(byteString(path), { mode, ...root });
}

async function putHosts({ config, foreign, tree, hostname, readFile }: Planning): Promise<void> {
  // An image with an init of its own keeps its own ways, unless something was asked for.
  if (foreign !== undefined && config.hostname === undefined && config.hosts.length === 0) return;
  const name = foreign === undefined ? hostname : config.hostname;
  const hosts = hostsFile(await readFile(byteString("/etc/hosts")), name, config.hosts);
  tree.putFile(byteString("/etc/hosts"), { mode: 0o644, ...root }, { kind: "bytes", bytes: hosts });
}

/** A symlink there, such as one to a resolver's stub that never runs, is replaced. */
function putResolvConf({ config, foreign, tree }: Planning): void {
  if (config.dns) {
    putText(tree, "/etc/resolv.conf", resolvConf(config.dns));
    return;
  }
  // What the init learns it can bind over a file where the root is read-only, but not over nothing.
  const learns = config.network?.mode === "dhcp" || config.network?.mode === "kernel";
  if (foreign === undefined && learns && !leadsToFile(tree.follow(byteString("/etc/resolv.conf"))))
    putText(tree, "/etc/resolv.conf", "");
}

/** Keys are added to those that the image has. */
async function putAuthorizedKeys(planning: Planning): Promise<void> {
  const { tree, readFile, warnings } = planning;
  const { ssh } = planning.config;
  if (!ssh) return;
  const name = byteString(ssh.user);
  const user = parsePasswd((await readFile(byteString("/etc/passwd"))) ?? new Uint8Array()).find(
    (entry) => entry.name === name,
  );
  if (!user)
    throw new GuestError(
      "GUEST_USER",
      `the image's /etc/passwd has no user ${JSON.stringify(ssh.user)} to log in as`,
      "name a user that is there: ssh.user",
    );
  const { uid, gid } = user;
  const directory = pathBelow(user.home, byteString(".ssh"));
  const file = pathBelow(directory, byteString("authorized_keys"));
  const known = Buffer.from((await readFile(file)) ?? []).toString("latin1");
  const separator = known === "" || known.endsWith("\n") ? "" : "\n";
  const keys = bytesOf(byteString(ssh.authorizedKeys.map((key) => `${key}\n`).join("")));
  const bytes = Buffer.concat([Buffer.from(`${known}${separator}`, "latin1"), keys]);
  for (const path of [user.home, directory]) {
    tree.putDirectory(path, { mode: 0o700, uid, gid });
    const { attributes } = directoryAt(tree, path);
    if ((attributes.mode & 0o022) !== 0 || (attributes.uid !== uid && attributes.uid !== 0))
      warnings.push(
        `sshd will not trust ${displayText(path)}: others than ${ssh.user} can write to it (sshd_config(5), StrictModes)`,
      );
  }
  tree.putFile(file, { mode: 0o600, uid, gid }, { kind: "bytes", bytes });
}

function directoryAt(tree: InjectedTree, path: ByteString): DirectoryNode {
  const answer = tree.follow(path);
  return answer.kind === "found" && answer.node.kind === "directory" ? answer.node : tree.root;
}

/** Units, services and lists of modules for an init of the image's own. */
export function putUnits({ config, foreign, tree, initRunsFirst }: Planning): void {
  if (foreign === undefined) return;
  if (config.modules && config.modules.directory === undefined)
    putText(
      tree,
      "/etc/modules-load.d/bootlayer.conf",
      config.modules.load.map((name) => `${name}\n`).join(""),
    );
  if (foreign.system === "systemd") {
    const hasUdev = ["/usr/lib/systemd/systemd-udevd", "/lib/systemd/systemd-udevd"].some((path) =>
      leadsToFile(tree.follow(byteString(path))),
    );
    for (const { path, what } of systemdFiles(config, { initRunsFirst, hasUdev }))
      if (what.kind === "text") putText(tree, path, what.text);
      else tree.putSymlink(byteString(path), what.target);
    return;
  }
  for (const service of openrcServices(config, initRunsFirst)) {
    putText(tree, `/etc/init.d/${service.name}`, service.script, 0o755);
    const { path, target } = runlevelLink(service);
    tree.putSymlink(byteString(path), target);
  }
}

export function putModules({ prepared: { modules }, tree }: Planning): void {
  for (const { path, bytes } of modules.load)
    tree.putFile(
      byteString(`/lib/modules/${modules.version}/${path}`),
      { mode: 0o644, ...root },
      { kind: "bytes", bytes },
    );
}

function putText(tree: InjectedTree, path: string, text: string, mode = 0o644): void {
  tree.putFile(byteString(path), { mode, ...root }, { kind: "bytes", bytes: Buffer.from(text) });
}

function leadsToFile(answer: PathResolution): boolean {
  return answer.kind === "found" && answer.node.kind === "file";
}

/** Whether it is a file that was asked for by path. */
function isPutIn(tree: InjectedTree, path: string): boolean {
  const answer = tree.follow(byteString(path));
  return answer.kind === "found" && answer.node.kind === "file" && tree.contentOf(answer.node) !== undefined;
}

/** Whether nothing has this name, not even a symlink to nothing. */
function isFree(tree: InjectedTree, path: string): boolean {
  const slash = path.lastIndexOf("/");
  const parent = tree.follow(byteString(path.slice(0, slash)));
  if (parent.kind === "missing") return true;
  return (
    parent.kind === "found" &&
    parent.node.kind === "directory" &&
    !parent.node.entries.has(byteString(path.slice(slash + 1)))
  );
}
