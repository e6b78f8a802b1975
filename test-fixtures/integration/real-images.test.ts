import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  listTree,
  REAL_IMAGE_TOOLS,
  realImage,
  requireJudge,
  umociUnpack,
  type RealImageName,
  type TreeListing,
} from "../src/index.ts";
import { runTool } from "../src/judges/run-tool.ts";

const judge = requireJudge(...REAL_IMAGE_TOOLS, "umoci", "skopeo", "python3");

describe.skipIf(judge.skip)(`real images${judge.reason}`, { timeout: 300_000 }, () => {
  let parent = "";
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), "bootlayer-test-"));
  });
  afterAll(async () => {
    await rm(parent, { recursive: true });
  });

  async function unpacked(name: RealImageName): Promise<TreeListing> {
    const { layout } = await realImage(name);
    return await listTree(await umociUnpack(layout, "gzip", join(parent, name)));
  }

  test("debian has what makes a layer hard to unpack", async () => {
    const listing = await unpacked("debian");
    expect(listing.get("/usr/bin/su")?.mode).toBe(0o4755);
    expect(listing.get("/usr/bin/ping")?.xattrs.get("security.capability")).toMatch(/^0100000280/);
    expect(listing.get("/dev/vda")).toMatchObject({ type: "block-device", device: { major: 254, minor: 0 } });
    expect(listing.get("/bin/sh")).toBeUndefined();
    expect(listing.get("/usr/bin/sh")).toMatchObject({ type: "symlink", linkTarget: "dash" });
    // The top layer's doing: a whiteout, an opaque directory, links to lower files, type changes, a path through a link.
    expect(listing.has("/usr/share/doc")).toBe(false);
    expect([...listing.keys()].filter((path) => path.startsWith("/usr/share/locale/"))).toEqual([
      "/usr/share/locale/README",
    ]);
    expect(listing.get("/usr/local/bin/bash")).toMatchObject({ linkGroup: "/usr/bin/bash", links: 2 });
    expect(listing.get("/usr/local/bin/python-link")).toMatchObject({
      type: "symlink",
      linkGroup: "/usr/bin/python3",
    });
    expect(listing.get("/etc/host.conf")?.type).toBe("directory");
    expect(listing.get("/media")?.type).toBe("symlink");
    expect(listing.get("/usr/bin/through-a-link")?.type).toBe("file");
  });

  test("busybox has names, times, links and attributes at their edges", async () => {
    const listing = await unpacked("busybox");
    for (const name of ["caf\xe9", "two\nlines", "\x01\x7f\x80\xff", "n".repeat(255)])
      expect(listing.get(`/odd/${name}`)?.type).toBe("file");
    expect(listing.has("/odd/dir\xff")).toBe(false);
    expect(listing.get("/odd/before-1970")?.mtime).toBe(-1_749_999_999n);
    expect(listing.get("/odd/after-2038")?.mtime).toBe(2_147_483_648_500_000_000n);
    expect(listing.get("/odd/pipe")?.mtime).toBe(1_700_000_000_123_456_789n);
    expect(listing.get("/odd/pipe")?.type).toBe("fifo");
    expect(listing.get("/odd/setuid")).toMatchObject({ mode: 0o6755, uid: 4_294_967_294, gid: 65_536 });
    expect(listing.get("/odd/xattrs")?.xattrs.get("user.bytes")).toBe("00ff0a3d80");
    expect([...(listing.get("/odd/acl")?.xattrs.keys() ?? [])]).toEqual(["system.posix_acl_access"]);
    expect(listing.get("/odd/all-hole")?.size).toBe(20 * 2 ** 20);
    expect(listing.get("/odd/target-2000")?.linkTarget).toHaveLength(2000);
    expect(listing.get("/odd/hard-link-to-symlink")).toMatchObject({
      type: "symlink",
      linkGroup: "/odd/dangling",
    });
    expect(listing.get("/odd/link-a")).toMatchObject({ linkGroup: "/etc/hard-link-below", links: 2 });
    expect(listing.get("/odd/link-b")?.links).toBe(1);
    expect(listing.get("/dev/big")?.device).toEqual({ major: 259, minor: 1_048_575 });
    expect(listing.get("/bin/sh")?.links).toBeGreaterThan(100);
  });

  test("both tags name the same layers, and skopeo reads them", async () => {
    const { layout } = await realImage("busybox");
    async function inspected(tag: string): Promise<{ config: unknown; layers: { mediaType: string }[] }> {
      return JSON.parse(await runTool("skopeo", ["inspect", "--raw", `oci:${layout}:${tag}`])) as never;
    }
    const [gzip, zstd] = [await inspected("gzip"), await inspected("zstd")];
    expect(zstd.config).toEqual(gzip.config);
    expect(gzip.layers.every(({ mediaType }) => mediaType.endsWith("+gzip"))).toBe(true);
    expect(zstd.layers.every(({ mediaType }) => mediaType.endsWith("+zstd"))).toBe(true);
    await runTool("skopeo", [
      "--insecure-policy",
      "copy",
      `oci:${layout}:zstd`,
      `dir:${join(parent, "copy")}`,
    ]);
  });
});
