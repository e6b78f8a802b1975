import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  image,
  layerBlob,
  listTree,
  requireJudge,
  tarArchive,
  umociUnpack,
  writeLayout,
  type TreeListing,
} from "@bootlayer/test-fixtures";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { byteString, bytesOf, type Timestamp } from "@bootlayer/rootfs-tree";
import type { GuestConfigInput } from "../src/guest-config.ts";
import type { GuestPlan, InjectedEntry } from "../src/guest-plan.ts";
import { guestLayer } from "../src/inject-layer.ts";
import { planOf } from "./plan-fixtures.ts";

const longName = "n".repeat(255);
const deep = `/opt/${Array.from({ length: 12 }, (_, index) => `directory-${index}-${"d".repeat(30)}`).join("/")}`;

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "bootlayer-layer-tar-"));
});
afterAll(async () => {
  await rm(scratch, { recursive: true });
});

/** What an image has, as a tree and as its layer. */
const base = {
  files: {
    "/usr/bin/app": "app",
    "/bin": { link: "usr/bin" },
    "/sbin": { link: "usr/sbin" },
    "/usr/sbin/other": "other",
    "/lib": { link: "/usr/lib" },
    "/usr/lib/have": "have",
    "/etc/resolv.conf": { link: "../run/stub" },
    "/etc/hosts": "127.0.0.1 localhost\n",
  },
  layer: layerBlob(
    tarArchive([
      ...["usr", "usr/bin", "usr/sbin", "usr/lib", "etc"].map(
        (name) => ({ name, type: "directory", mode: 0o755 }) as const,
      ),
      { name: "usr/bin/app", content: "app", mode: 0o755 },
      { name: "bin", type: "symlink", linkTarget: "usr/bin" },
      { name: "sbin", type: "symlink", linkTarget: "usr/sbin" },
      { name: "usr/sbin/other", content: "other", mode: 0o755 },
      { name: "lib", type: "symlink", linkTarget: "/usr/lib" },
      { name: "usr/lib/have", content: "have", mode: 0o755 },
      { name: "etc/resolv.conf", type: "symlink", linkTarget: "../run/stub" },
      { name: "etc/hosts", content: "127.0.0.1 localhost\n", mode: 0o755 },
    ]),
  ),
} as const;

async function hardPlan(): Promise<GuestPlan> {
  const large = join(scratch, "large");
  await writeFile(large, Buffer.alloc(3_000_001, "large"));
  const guest: GuestConfigInput = {
    dns: { servers: ["10.0.0.1"] },
    files: [
      { guest: "/empty", content: "" },
      { guest: "/secret", content: "x", mode: "0000" },
      { guest: "/sbin/setuid", content: "x", mode: "7755", uid: 1, gid: 2 },
      { guest: "/lib/big-owner", content: "x", uid: 4_294_967_294, gid: 2_097_152 },
      { guest: "/lib/octal-owner", content: "x", uid: 262_143, gid: 262_144 },
      { guest: `/opt/${longName}`, content: "long" },
      { guest: `${deep}/file`, content: "deep" },
      { guest: "/opt/na\u00efve \ud83d\ude00 name", content: "utf-8" },
      { guest: "/opt/new\nline\\", content: "odd" },
      { guest: "/opt/large", host: large, mode: "0644" },
    ],
  };
  const plan = await planOf({ files: base.files, image: { Cmd: ["/bin/app"] }, guest });
  const target = byteString(`../${"t/".repeat(150)}ziel-\u00e4`);
  const link = {
    kind: "symlink",
    path: byteString("opt/link"),
    mode: 0o777,
    uid: 0,
    gid: 0,
    target,
  } as const;
  return { ...plan, entries: [...plan.entries, link] };
}

async function writeArchive(plan: GuestPlan, mtime: Timestamp): Promise<string> {
  const layer = await guestLayer(plan, mtime);
  const path = join(scratch, "layer.tar");
  await writeFile(path, layer.open(new AbortController().signal));
  return path;
}

/** What the plan says, in the words of the judge's listing. */
function expected(plan: GuestPlan, mtime: bigint): Record<string, object> {
  return Object.fromEntries(
    plan.entries.map((entry) => {
      const { mode, uid, gid } = entry;
      return [`/${entry.path}`, { type: entry.kind, mode, uid, gid, mtime, ...contentOf(entry) }];
    }),
  );
}

function contentOf(entry: InjectedEntry): object {
  if (entry.kind === "directory") return {};
  if (entry.kind === "symlink") return { linkTarget: Buffer.from(bytesOf(entry.target)).toString("latin1") };
  const { content } = entry;
  return content.kind === "bytes"
    ? { size: content.bytes.length, sha256: createHash("sha256").update(content.bytes).digest("hex") }
    : { size: content.size, sha256: content.sha256 };
}

function listed(listing: TreeListing, paths: readonly string[]): Record<string, object> {
  return Object.fromEntries(
    paths.map((path) => {
      const { type, mode, uid, gid, mtime, size, sha256, linkTarget } = listing.get(path) ?? {};
      const content = type === "file" ? { size, sha256 } : type === "symlink" ? { linkTarget } : {};
      return [path, { type, mode, uid, gid, mtime, ...content }];
    }),
  );
}

const tar = requireJudge("tar", "python3", "root");
describe.skipIf(tar.skip)(`a layer, as GNU tar reads it${tar.reason}`, () => {
  test.for<[string, Timestamp, bigint]>([
    ["whole seconds", { seconds: 1_700_000_000, nanoseconds: 0 }, 1_700_000_000_000_000_000n],
    ["nanoseconds", { seconds: 1_700_000_000, nanoseconds: 1 }, 1_700_000_000_000_000_001n],
    ["a time before 1970", { seconds: -2, nanoseconds: 500_000_000 }, -1_500_000_000n],
    ["a time after 2038", { seconds: 5_000_000_000, nanoseconds: 0 }, 5_000_000_000_000_000_000n],
  ])("has every name, mode, owner, content and time as planned: %s", async ([, mtime, nanoseconds]) => {
    const plan = await hardPlan();
    const archive = await writeArchive(plan, mtime);
    const { stdout, stderr } = await execa("tar", ["--list", "--quoting-style=escape", "-f", archive]);
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toHaveLength(plan.entries.length);
    const out = await mkdtemp(join(scratch, "tar-"));
    // Directories are written to again after others: their times are set at the end.
    const asItSays = [
      "--preserve-permissions",
      "--numeric-owner",
      "--same-owner",
      "--delay-directory-restore",
    ];
    await execa("tar", ["--extract", ...asItSays, "-f", archive, "-C", out]);
    const listing = await listTree(out);
    const wanted = expected(plan, nanoseconds);
    expect(listed(listing, Object.keys(wanted))).toEqual(wanted);
  });
});

const umoci = requireJudge("umoci", "python3", "root");
describe.skipIf(umoci.skip)(`a layer on top of an image, as umoci lays it${umoci.reason}`, () => {
  test("has every file where it is planned, through the image's links, and keeps all else", async () => {
    const plan = await hardPlan();
    const mtime = { seconds: 1_700_000_000, nanoseconds: 0 };
    const layer = await guestLayer(plan, mtime);
    const top = layerBlob(
      Buffer.concat(await Array.fromAsync(layer.open(new AbortController().signal))),
      "none",
    );
    expect(top.descriptor).toEqual({ mediaType: layer.mediaType, digest: layer.digest, size: layer.size });
    const layout = join(scratch, "layout");
    await writeLayout(layout, { guest: image([base.layer, top]) });
    const listing = await listTree(await umociUnpack(layout, "guest", join(scratch, "bundle")));

    const wanted = expected(plan, 1_700_000_000_000_000_000n);
    expect(listed(listing, Object.keys(wanted))).toEqual(wanted);
    expect(listing.get("/sbin")).toMatchObject({ type: "symlink", linkTarget: "usr/sbin" });
    expect(listing.get("/lib")).toMatchObject({ type: "symlink", linkTarget: "/usr/lib" });
    const kept = [
      "/",
      "/usr",
      "/usr/bin",
      "/usr/sbin",
      "/usr/lib",
      "/etc",
      "/bin",
      "/sbin",
      "/lib",
      "/usr/bin/app",
      "/usr/sbin/other",
      "/usr/lib/have",
    ];
    expect([...listing.keys()].toSorted()).toEqual(
      [...new Set([...kept, ...Object.keys(wanted)])].toSorted(),
    );
  });
});
