import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  debugfs,
  e2fsck,
  image,
  layerBlob,
  requireJudge,
  tarArchive,
  writeLayout,
} from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildDisk, type BuildRequest, type BuildResult } from "../src/index.ts";

const judge = requireJudge("e2fsck", "debugfs");

let directory = "";
let source = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-guest-"));
  const files = tarArchive([
    { name: "bin/", type: "directory" },
    { name: "bin/app", content: "#!/bin/app\n", mode: 0o755 },
    { name: "etc/", type: "directory" },
    { name: "etc/passwd", content: "web:x:33:33::/srv:/bin/sh\n" },
  ]);
  const config = { Entrypoint: ["/bin/app"], User: "web" };
  await writeLayout(join(directory, "layout"), { app: image([layerBlob(files)], { config }) });
  source = `oci:${join(directory, "layout")}:app`;
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Builds into a directory of its own, which the result names. */
async function build(
  name: string,
  request: Partial<BuildRequest> & { readonly store?: string },
): Promise<BuildResult> {
  const { store = join(directory, "store"), ...options } = request;
  return await buildDisk(
    { source, output: join(directory, name), platform: "linux/amd64", ...options },
    { store },
  );
}

function initrd(name: string): string {
  return join(directory, name);
}

async function empty(): Promise<string> {
  return await mkdtemp(join(directory, "empty-"));
}

/** A disk with a file of this name and text at /srv/agent. */
async function injected(name: string, text: string): Promise<BuildResult> {
  const host = join(directory, name);
  await writeFile(host, text);
  return await build(`${name}.ext4`, { guest: { config: { files: [{ host, guest: "/srv/agent" }] } } });
}

describe.skipIf(judge.skip)(`a guest in the disk${judge.reason}`, () => {
  test("is one more layer: init, its configuration, and nothing of the image lost", async () => {
    const result = await build("layer.ext4", { guest: {} });
    expect(result.guest).toMatchObject({
      as: "layer",
      initSystem: "bootlayer",
      kernelArguments: ["init=/usr/lib/bootlayer/init"],
    });
    await e2fsck(result.output);
    expect(await debugfs(result.output, "stat /usr/lib/bootlayer/init")).toMatch(/Mode:\s+0755/);
    expect(await debugfs(result.output, "stat /etc/bootlayer/init.conf")).toMatch(/Mode:\s+0600/);
    expect(await debugfs(result.output, "cat /etc/bootlayer/init.conf")).toContain("\nuser 33 33\n");
    expect(await debugfs(result.output, "cat /etc/passwd")).toContain("web:x:33");
  });

  test("decides the key: another guest is another disk, the same one comes from the cache as it was", async () => {
    const first = await build("first.ext4", { guest: { config: { hostname: "one" } } });
    const again = await build("again.ext4", { guest: { config: { hostname: "one" } } });
    const other = await build("other.ext4", { guest: { config: { hostname: "two" } } });
    const plain = await build("plain.ext4", {});
    expect([first.cached, again.cached, other.cached, plain.cached]).toEqual([false, true, false, false]);
    expect(again.guest).toEqual(first.guest);
    expect(new Set([first.key, other.key, plain.key]).size).toBe(3);
    expect((await readFile(again.output)).equals(await readFile(first.output))).toBe(true);
  });

  test("on a disk that will only be read has the image's volumes in memory, and is another disk", async () => {
    const layout = join(await empty(), "layout");
    const layer = layerBlob(tarArchive([{ name: "app", content: "#!/app\n", mode: 0o755 }]));
    const config = { Entrypoint: ["/app"], Volumes: { "/data": {} } };
    await writeLayout(layout, { app: image([layer], { config }) });
    const source = `oci:${layout}:app`;
    const written = await build("written.ext4", { source, guest: {} });
    const read = await build("read.ext4", { source, guest: { readOnlyRoot: true } });
    expect(read.key).not.toBe(written.key);
    expect(await debugfs(read.output, "cat /etc/bootlayer/init.conf")).toContain("\ntmpfs /data 755 ");
    expect(await debugfs(written.output, "cat /etc/bootlayer/init.conf")).not.toContain("tmpfs");
    // A squashfs is never written to anyway.
    const disk = { format: "squashfs" } as const;
    const [plain, said] = [{}, { readOnlyRoot: true }];
    const first = await build("first.squashfs", { source, disk, guest: plain });
    expect(await build("second.squashfs", { source, disk, guest: said })).toMatchObject({ key: first.key });
  });

  test("counts by what is in its files, not by where they lie", async () => {
    const [first, moved, changed] = [
      await injected("a", "agent"),
      await injected("b", "agent"),
      await injected("a", "other"),
    ];
    expect([moved.cached, changed.cached]).toEqual([true, false]);
    expect(moved.key).toBe(first.key);
    expect(await debugfs(changed.output, "cat /srv/agent")).toBe("other");
  });
});

describe("a guest in an initrd", () => {
  test("leaves the disk as it would be without one, and comes from the cache too", async () => {
    const store = join(directory, "initrd-store");
    const plain = await build("untouched.ext4", { cache: false });
    const first = await build("i1.ext4", { store, guest: { as: "initrd", initrd: initrd("i1.initrd") } });
    expect(first.guest).toMatchObject({ as: "initrd", initrd: initrd("i1.initrd"), kernelArguments: [] });
    expect((await readFile(first.output)).equals(await readFile(plain.output))).toBe(true);

    const again = await build("i2.ext4", { store, guest: { as: "initrd", initrd: initrd("i2.initrd") } });
    expect(again.cached).toBe(true);
    expect(again.stages.map(({ stage }) => stage)).toEqual(["resolve", "copy", "copy"]);
    expect(again.guest).toEqual({ ...first.guest, initrd: initrd("i2.initrd") });
    const bytes = await readFile(initrd("i1.initrd"));
    expect((await readFile(initrd("i2.initrd"))).equals(bytes)).toBe(true);
    // The magic number of cpio's newc form.
    expect(bytes.toString("latin1", 0, 6)).toBe("070701");
  });

  test("is made for a disk that is in the cache already", async () => {
    const store = join(directory, "late-store");
    await build("late1.ext4", { store });
    const late = await build("late2.ext4", { store, guest: { as: "initrd", initrd: initrd("late.initrd") } });
    expect(late.cached).toBe(true);
    expect(late.stages.map(({ stage }) => stage)).toEqual(["resolve", "flatten", "initrd", "copy", "cache"]);
    const direct = await build("d.ext4", {
      cache: false,
      guest: { as: "initrd", initrd: initrd("d.initrd") },
    });
    expect(direct.key).toBe(late.key);
    expect((await readFile(initrd("late.initrd"))).equals(await readFile(initrd("d.initrd")))).toBe(true);
  });
});

describe("what cannot be", () => {
  test.each<[string, NonNullable<BuildRequest["guest"]>]>([
    ["GUEST_ENTRYPOINT", { config: { process: { entrypoint: ["/bin/nothing"] } } }],
    ["GUEST_USER", { config: { process: { user: "nobody-knows" } } }],
    ["GUEST_GROUP", { config: { process: { user: "web:nobody-knows" } } }],
    ["GUEST_INIT_SYSTEM", { config: { init: "systemd" } }],
    ["GUEST_FILE", { config: { files: [{ host: "/nowhere/agent", guest: "/agent" }] } }],
    ["GUEST_MODULE", { config: { modules: { load: ["virtio_blk"] } } }],
  ])("is %s and leaves nothing behind, in the disk or in an initrd", async (code, guest) => {
    for (const as of ["layer", "initrd"] as const) {
      const place = await empty();
      const output = join(place, "disk");
      const request = as === "layer" ? { ...guest, as } : { ...guest, as, initrd: join(place, "initrd") };
      await expect(build("", { output, cache: false, guest: request })).rejects.toMatchObject({
        code: expect.stringMatching(code),
      });
      expect(await readdir(place)).toEqual([]);
    }
  });

  test("a platform without an init is refused before a layer is read", async () => {
    const layout = join(await empty(), "layout");
    const layer = layerBlob(tarArchive([{ name: "app", content: "" }]));
    await writeLayout(layout, { app: image([layer], { architecture: "s390x" }) });
    const place = await empty();
    const request = { source: `oci:${layout}:app`, platform: "linux/s390x", output: join(place, "disk") };
    await expect(build("", { ...request, guest: {} })).rejects.toMatchObject({ code: "GUEST_ARCHITECTURE" });
    expect(await readdir(place)).toEqual([]);
  });

  test.each<[string, object]>([
    ["GUEST_CONFIG", { config: { hostnam: "typo" } }],
    ["OPTIONS_INVALID", { as: "initrd" }],
    ["OPTIONS_INVALID", { as: "elsewhere" }],
    ["OPTIONS_INVALID", { initrd: "names a file that nothing writes" }],
  ])("is %s before the source is opened: %j", async (code, guest) => {
    const request = { source: "oci:/nowhere", output: join(await empty(), "disk"), guest };
    await expect(build("", request as BuildRequest)).rejects.toMatchObject({ code });
  });
});
