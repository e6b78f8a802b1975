import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { fc, test as property } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { elf } from "../../integration/doctor-fixtures.ts";
import {
  arm64Image,
  bzImage,
  fixtureConfig,
  pack,
  vmlinux,
  zboot,
} from "../../integration/kernel-fixtures.ts";
import { GuestError } from "../errors.ts";
import { kernelSymbol, type KernelFacts } from "./kernel-facts.ts";
import { readKernel } from "./read-kernel.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "read-kernel-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function read(bytes: string | Uint8Array, name = "kernel"): Promise<KernelFacts> {
  const path = join(directory, name);
  await writeFile(path, bytes);
  return await readKernel(path);
}

const codes = ({ findings }: KernelFacts): string[] => findings.map(({ code }) => code);

test("a configuration is read as text and gzipped; what is not set is absent", async () => {
  for (const bytes of [fixtureConfig, gzipSync(fixtureConfig), fixtureConfig.replaceAll("\n", "\r\n")]) {
    const facts = await read(bytes);
    expect(facts).toMatchObject({ kind: "config", version: "6.1.5", architecture: "amd64", findings: [] });
    expect(
      ["EXT4_FS", "BTRFS_FS", "X86_64", "NEVER_HEARD_OF"].map((name) => kernelSymbol(facts, name)),
    ).toEqual(["m", "absent", "y", "absent"]);
  }
});

test.for([
  ["CONFIG_X86_64=y", "amd64"],
  ["CONFIG_X86=y\nCONFIG_X86_32=y", "386"],
  ["CONFIG_ARM64=y", "arm64"],
  ["CONFIG_ARM=y", "arm"],
  ["CONFIG_RISCV=y", "riscv64"],
  ["CONFIG_S390=y", "s390x"],
  ["CONFIG_PPC64=y\nCONFIG_CPU_LITTLE_ENDIAN=y", "ppc64le"],
  ["CONFIG_MIPS=y\nCONFIG_CPU_LITTLE_ENDIAN=y", undefined],
] as const)("a configuration with %j is for %s", async ([config, architecture]) => {
  expect((await read(config)).architecture).toBe(architecture);
});

describe("a bzImage", () => {
  test.for(["gzip", "zstd"] as const)(
    "packed with %s gives the configuration inside",
    async (compression) => {
      const facts = await read(bzImage({ payload: pack[compression](vmlinux({ config: fixtureConfig })) }));
      expect(facts).toMatchObject({
        kind: "bzImage",
        version: "6.1.5-test",
        architecture: "amd64",
        findings: [],
      });
      expect(kernelSymbol(facts, "EXT4_FS")).toBe("m");
    },
  );

  test("that is not packed gives it too", async () => {
    const facts = await read(bzImage({ payload: vmlinux({ config: fixtureConfig }) }));
    expect(kernelSymbol(facts, "EXT4_FS")).toBe("m");
  });

  test("without CONFIG_IKCONFIG gives release and architecture, and a finding", async () => {
    const facts = await read(bzImage({ payload: pack.gzip(vmlinux()) }));
    expect(facts).toMatchObject({ version: "6.1.5-test", architecture: "amd64", config: undefined });
    expect(codes(facts)).toEqual(["kernel-config-unknown"]);
    expect(kernelSymbol(facts, "EXT4_FS")).toBe("unknown");
  });

  test("packed with what cannot be unpacked here names it", async () => {
    const facts = await read(bzImage({ payload: pack.xz(vmlinux({ config: fixtureConfig })) }));
    expect(codes(facts)).toEqual(["kernel-compression"]);
    expect(facts.findings[0]?.reason).toContain("xz");
    expect(facts).toMatchObject({ version: "6.1.5-test", architecture: "amd64" });
  });

  test("whose payload is damaged is still told apart", async () => {
    const payload = pack.gzip(vmlinux({ config: fixtureConfig }));
    expect(codes(await read(bzImage({ payload: payload.subarray(0, 40) })))).toEqual(["kernel-compression"]);
    expect(codes(await read(bzImage({ payload: new Uint8Array() })))).toEqual(["kernel-compression"]);
  });

  test("of a protocol before 2.08 has no payload that could be found", async () => {
    const old = bzImage({ payload: pack.gzip(vmlinux({ config: fixtureConfig })), protocol: 0x0207 });
    expect(await read(old)).toMatchObject({ architecture: "386", version: "6.1.5-test", config: undefined });
  });

  test("takes its configuration from the file beside it, as in /boot", async () => {
    const image = bzImage({ payload: pack.xz(vmlinux()) });
    await writeFile(join(directory, "config-6.1.5-test"), fixtureConfig);
    const facts = await read(image, "vmlinuz-6.1.5-test");
    expect(facts).toMatchObject({ kind: "bzImage", version: "6.1.5-test", findings: [] });
    expect(kernelSymbol(facts, "EXT4_FS")).toBe("m");
    expect(codes(await read(image, "vmlinuz-6.1.6"))).toEqual(["kernel-compression"]);
  });

  property.prop([fc.array(fc.tuple(fc.nat(0x5ff), fc.nat(255)), { maxLength: 10 }), fc.nat(0x600)], {
    numRuns: 60,
  })("damaged anywhere is an answer or GUEST_KERNEL, nothing else", async (damage, end) => {
    const image = bzImage({ payload: pack.gzip(vmlinux({ config: fixtureConfig })) });
    for (const [at, byte] of damage) image[at] = byte;
    for (const bytes of [image, image.subarray(0, end)])
      try {
        const { version = "" } = await read(bytes, `damaged-${basename(directory)}`);
        // oxlint-disable-next-line no-control-regex
        expect(version).not.toMatch(/[\u0000-\u001f]/);
      } catch (error) {
        expect(error).toMatchObject({ code: "GUEST_KERNEL" });
        expect(error).toBeInstanceOf(GuestError);
      }
  });
});

test("a vmlinux is read as it is; a program that does not call itself Linux is none", async () => {
  expect(await read(vmlinux({ config: fixtureConfig }))).toMatchObject({
    kind: "elf",
    version: "6.1.5-test",
    architecture: "amd64",
    findings: [],
  });
  expect(codes(await read(vmlinux()))).toEqual(["kernel-config-unknown"]);
  await expect(read(vmlinux({ banner: "nothing" }))).rejects.toMatchObject({ code: "GUEST_KERNEL" });
  await expect(read(elf({ interpreter: "/lib/ld.so" }))).rejects.toMatchObject({ code: "GUEST_KERNEL" });
});

test("an arm64 Image is read alone, gzipped, and out of its EFI stub", async () => {
  const image = arm64Image(vmlinux({ config: "CONFIG_ARM64=y\n" }));
  for (const bytes of [image, gzipSync(image), zboot(gzipSync(image)), zboot(pack.zstd(image))])
    expect(await read(bytes)).toMatchObject({
      kind: "arm64-image",
      version: "6.1.5-test",
      architecture: "arm64",
      findings: [],
    });
  expect(codes(await read(zboot(pack.xz(image))))).toEqual(["kernel-compression"]);
});

test("gzip that grows without end, or holds gzip, is no kernel", async () => {
  const bomb = gzipSync(Buffer.alloc(2 ** 26));
  await expect(read(bomb)).rejects.toMatchObject({ code: "GUEST_KERNEL" });
  await expect(read(gzipSync(gzipSync(fixtureConfig)))).rejects.toMatchObject({ code: "GUEST_KERNEL" });
});

test("what is no kernel is GUEST_KERNEL and names the file", async () => {
  for (const bytes of ["", "hello", Buffer.alloc(2000), "CONFIG_=y", "CONFIG_A=n"])
    await expect(read(bytes)).rejects.toMatchObject({
      code: "GUEST_KERNEL",
      message: expect.stringContaining(join(directory, "kernel")) as string,
    });
  await expect(readKernel(join(directory, "missing"))).rejects.toMatchObject({ code: "GUEST_KERNEL" });
  await expect(readKernel(directory)).rejects.toMatchObject({ code: "GUEST_KERNEL" });
});
