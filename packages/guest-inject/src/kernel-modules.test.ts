import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kernelModule, writeModules } from "../integration/module-fixtures.ts";
import { prepareModules, type PreparedModules } from "./kernel-modules.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

let parent: string;
let made = 0;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "bootlayer-modules-"));
});
afterAll(async () => {
  await rm(parent, { recursive: true });
});

async function directoryOf(files: Files): Promise<string> {
  return await writeModules(join(parent, String(++made), "6.1.0-test"), files);
}

async function prepare(files: Files, ...names: readonly string[]): Promise<PreparedModules> {
  return await prepareModules(await directoryOf(files), names, "amd64", undefined);
}

function pathsOf({ load }: PreparedModules): string[] {
  return load.map(({ path }) => path);
}

const net: Files = {
  "kernel/drivers/net/virtio_net.ko": kernelModule({ depends: ["net-failover", "virtio", "virtio_ring"] }),
  "kernel/drivers/net/net_failover.ko": kernelModule({ depends: ["failover"] }),
  "kernel/net/core/failover.ko": kernelModule(),
  "kernel/drivers/virtio/virtio.ko": kernelModule({ depends: ["virtio_ring"] }),
  "kernel/drivers/virtio/virtio-ring.ko": kernelModule(),
};
const netOrder = [
  "kernel/net/core/failover.ko",
  "kernel/drivers/net/net_failover.ko",
  "kernel/drivers/virtio/virtio-ring.ko",
  "kernel/drivers/virtio/virtio.ko",
  "kernel/drivers/net/virtio_net.ko",
];

describe("the order of loading", () => {
  test("without modules.dep, as a package unpacks: by what modules say of themselves", async () => {
    const modules = await prepare(net, "virtio-net");
    expect(pathsOf(modules)).toEqual(netOrder);
    expect(modules).toMatchObject({ version: "6.1.0-test", warnings: [] });
  });

  test("with modules.dep, which says where each lies", async () => {
    const dep = Object.keys(net)
      .map((path) => `${path}: whatever it says here\n`)
      .join("");
    expect(pathsOf(await prepare({ ...net, "modules.dep": dep }, "virtio_net"))).toEqual(netOrder);
    const error = {
      code: "GUEST_MODULE",
      message: expect.stringContaining("no module virtio_net") as string,
    };
    await expect(prepare({ ...net, "modules.dep": "" }, "virtio_net")).rejects.toMatchObject(error);
  });

  test("a driver of a virtio device comes with the transports that there are", async () => {
    const transport = kernelModule({ depends: ["virtio", "virtio_ring"] });
    const files = {
      ...net,
      "kernel/drivers/virtio/virtio_pci.ko": transport,
      "kernel/drivers/virtio/virtio_mmio.ko": transport,
    };
    expect(pathsOf(await prepare(files, "virtio_net"))).toEqual([
      ...netOrder.slice(0, -1),
      "kernel/drivers/virtio/virtio_mmio.ko",
      "kernel/drivers/virtio/virtio_pci.ko",
      "kernel/drivers/net/virtio_net.ko",
    ]);
    expect(pathsOf(await prepare(files, "failover"))).toHaveLength(1);
  });

  test("a module that two need, or that is asked for twice, is loaded once", async () => {
    expect(pathsOf(await prepare(net, "virtio", "virtio", "virtio_net", "failover"))).toHaveLength(5);
  });

  test("what a module wishes to have before it, and after it", async () => {
    const files = {
      "kernel/a.ko": kernelModule({ softdep: "pre: b post: c" }),
      "kernel/b.ko": kernelModule(),
      "kernel/c.ko": kernelModule(),
    };
    expect(pathsOf(await prepare(files, "a"))).toEqual(["kernel/b.ko", "kernel/a.ko", "kernel/c.ko"]);
  });

  test("a wish that is not there is a warning, one by an alias is found", async () => {
    const files = { "kernel/a.ko": kernelModule({ softdep: "pre: crypto-crc32c" }) };
    expect((await prepare(files, "a")).warnings).toEqual([
      expect.stringContaining("module a works best with crypto_crc32c") as string,
    ]);
    const found = {
      ...files,
      "kernel/crc.ko": kernelModule(),
      "modules.alias": "# x\nalias crypto-crc32c crc\n",
    };
    expect(pathsOf(await prepare(found, "a"))).toEqual(["kernel/crc.ko", "kernel/a.ko"]);
  });

  test("a circle, which no kernel has, ends", async () => {
    const files = {
      "kernel/a.ko": kernelModule({ depends: ["b"] }),
      "kernel/b.ko": kernelModule({ depends: ["a"] }),
    };
    expect(pathsOf(await prepare(files, "a"))).toEqual(["kernel/b.ko", "kernel/a.ko"]);
  });

  test("modules that replace or add come before the kernel's own", async () => {
    const files = {
      "kernel/a.ko": kernelModule(),
      "extra/a.ko": kernelModule(),
      "updates/dkms/a.ko": kernelModule(),
    };
    expect(pathsOf(await prepare(files, "a"))).toEqual(["updates/dkms/a.ko"]);
  });
});

test("what the kernel has built in is left out, by name and by alias", async () => {
  const files = {
    "kernel/a.ko": kernelModule({ depends: ["ext4"], softdep: "pre: crypto-crc32c" }),
    "modules.builtin": "kernel/fs/ext4/ext4.ko\n",
    "modules.builtin.modinfo": "crc32c_generic.alias=crypto-crc32c\0crc32c_generic.license=GPL\0",
  };
  expect(await prepare(files, "a", "ext4")).toMatchObject({ load: [{ path: "kernel/a.ko" }], warnings: [] });
});

describe("packed modules", () => {
  test.for<[string, (bytes: Uint8Array) => Uint8Array]>([
    ["gz", (bytes) => gzipSync(bytes)],
    ["zst", (bytes) => zstdCompressSync(bytes)],
  ])(".ko.%s goes in unpacked, since the init loads what is", async ([suffix, pack]) => {
    const bytes = kernelModule();
    const { load } = await prepare({ [`kernel/a.ko.${suffix}`]: pack(bytes) }, "a");
    expect(load).toEqual([{ name: "a", path: "kernel/a.ko", bytes }]);
  });

  test.for<[string, string, Uint8Array, RegExp]>([
    ["xz, which Node does not unpack", "a.ko.xz", Buffer.from("fd377a585a000000", "hex"), /packed with xz/],
    ["gzip cut short", "a.ko.gz", gzipSync(kernelModule()).subarray(0, 40), /cannot be unpacked/],
    [
      "zstd with a wrong byte",
      "a.ko.zst",
      withByte(zstdCompressSync(kernelModule()), 12),
      /cannot be unpacked|no kernel module/,
    ],
  ])("%s is GUEST_MODULE", async ([, name, bytes, message]) => {
    await expect(prepare({ [`kernel/${name}`]: bytes }, "a")).rejects.toMatchObject({
      code: "GUEST_MODULE",
      message: expect.stringMatching(message) as string,
    });
  });
});

function withByte(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

describe("what cannot be had is typed", () => {
  test.for<[string, Files, string, string]>([
    ["a module that is missing", net, "nonesuch", "no module nonesuch"],
    [
      "one that another needs",
      { "kernel/a.ko": kernelModule({ depends: ["b"] }) },
      "a",
      "no module b, which a needs",
    ],
    ["a file that is none", { "kernel/a.ko": "text" }, "a", "is no kernel module"],
    ["a path that leads out of the directory", { "modules.dep": "../../x/a.ko:\n" }, "a", "no module a"],
  ])("%s is GUEST_MODULE", async ([, files, name, message]) => {
    await expect(prepare(files, name)).rejects.toMatchObject({
      code: "GUEST_MODULE",
      message: expect.stringContaining(message) as string,
    });
  });

  test("a module for another architecture is GUEST_ARCHITECTURE", async () => {
    await expect(prepare({ "kernel/a.ko": kernelModule({ machine: 183 }) }, "a")).rejects.toMatchObject({
      code: "GUEST_ARCHITECTURE",
      message: expect.stringContaining("is for arm64, and the guest is amd64") as string,
    });
  });

  test("a directory that is missing, or a file in modules.dep that is, is GUEST_FILE", async () => {
    await expect(prepareModules(join(parent, "none"), ["a"], "amd64", undefined)).rejects.toMatchObject({
      code: "GUEST_FILE",
    });
    await expect(prepare({ "modules.dep": "kernel/a.ko:\n" }, "a")).rejects.toMatchObject({
      code: "GUEST_FILE",
    });
  });

  test("a file in place of the directory is GUEST_MODULE", async () => {
    const directory = await directoryOf({ file: "" });
    await expect(prepareModules(join(directory, "file"), ["a"], "amd64", undefined)).rejects.toMatchObject({
      code: "GUEST_MODULE",
    });
  });

  test("the signal's reason ends the reading", async () => {
    const reason = new Error("enough");
    const directory = await directoryOf(net);
    await expect(prepareModules(directory, ["virtio"], "amd64", AbortSignal.abort(reason))).rejects.toBe(
      reason,
    );
  });
});

test("a module for another kernel than its directory's is a warning", async () => {
  const { warnings } = await prepare({ "kernel/a.ko": kernelModule({ vermagic: "5.10.0 SMP" }) }, "a");
  expect(warnings).toEqual([
    expect.stringContaining("was built for kernel 5.10.0, and its directory is 6.1.0-test") as string,
  ]);
});
