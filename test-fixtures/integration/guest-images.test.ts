import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  GUEST_IMAGE_NAMES,
  GUEST_IMAGE_TOOLS,
  guestImage,
  listTree,
  requireJudge,
  umociUnpack,
  type GuestImageName,
  type TreeListing,
} from "../src/index.ts";
import { runTool } from "../src/judges/run-tool.ts";

const judge = requireJudge(...GUEST_IMAGE_TOOLS, "umoci", "skopeo", "python3");

describe.skipIf(judge.skip)(`guest images${judge.reason}`, { timeout: 300_000 }, () => {
  let parent = "";
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), "bootlayer-test-"));
  });
  afterAll(async () => {
    await rm(parent, { recursive: true });
  });

  async function unpacked(name: GuestImageName): Promise<TreeListing> {
    const { layout } = await guestImage(name);
    const bundle = join(parent, name);
    const listing = await listTree(await umociUnpack(layout, "gzip", bundle));
    await rm(bundle, { recursive: true });
    return listing;
  }

  test.for(GUEST_IMAGE_NAMES)("%s has its program, as skopeo and umoci see it", async (name) => {
    const { reference } = await guestImage(name);
    const config = JSON.parse(await runTool("skopeo", ["inspect", "--config", reference])) as {
      architecture: string;
      config: { Entrypoint?: string[]; Cmd?: string[]; Env?: string[] };
    };
    expect(config.architecture).toBe("amd64");
    const { Entrypoint = [], Cmd = [], Env = [] } = config.config;
    const [program = ""] = [...Entrypoint, ...Cmd];
    const path = Env.find((variable) => variable.startsWith("PATH="))?.slice("PATH=".length) ?? "";
    const listing = await unpacked(name);
    const candidates = program.startsWith("/")
      ? [program]
      : path.split(":").map((directory) => `${directory}/${program}`);
    // On a merged /usr, /sbin is a symlink.
    const found = candidates
      .flatMap((candidate) => [candidate, `/usr${candidate}`])
      .map((candidate) => listing.get(candidate))
      .find((entry) => entry !== undefined);
    expect(["file", "symlink"]).toContain(found?.type);
    expect((found?.mode ?? 0) & 0o111).toBe(0o111);
    expectParticulars[name](listing);
  });
});

/** Of what guest-images/README.md says of each. */
const expectParticulars: Record<GuestImageName, (listing: TreeListing) => void> = {
  scratch: (listing) => expect([...listing.keys()]).toEqual(["/", "/probe"]),
  distroless: (listing) => {
    for (const path of ["/bin/sh", "/bin/bash", "/usr/bin/sh", "/usr/bin/env"])
      expect(listing.has(path)).toBe(false);
    expect(listing.get("/etc/ssl/certs/ca-certificates.crt")?.type).toBe("file");
  },
  "debian-slim": (listing) => {
    expect(listing.get("/srv/data")).toMatchObject({ mode: 0o2770, gid: 5005 });
    expect(listing.has("/srv/data/work")).toBe(false);
  },
  "alpine-like": (listing) => {
    expect(listing.get("/sbin/init")?.linkTarget).toBe("/bin/busybox");
    expect(listing.has("/bin/bash")).toBe(false);
  },
  nginx: (listing) => expect(listing.get("/var/log/nginx/access.log")?.linkTarget).toBe("/dev/stdout"),
  postgres: (listing) => expect(listing.get("/var/lib/postgresql/data")).toMatchObject({ uid: 999 }),
  node: (listing) => expect(listing.get("/app/server.js")).toMatchObject({ uid: 1000 }),
  systemd: (listing) => expect(listing.has("/etc/machine-id")).toBe(false),
  openrc: (listing) => expect(listing.get("/etc/runlevels/default/probe")?.type).toBe("symlink"),
};
