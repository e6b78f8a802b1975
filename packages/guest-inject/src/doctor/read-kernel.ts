import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { GuestError } from "../errors.ts";
import { parseBzImage, releaseOf } from "./bz-image.ts";
import { elfArchitecture, parseElf } from "./elf.ts";
import type { Finding } from "./finding.ts";
import { findIkconfig } from "./ikconfig.ts";
import { parseKernelConfig } from "./kernel-config.ts";
import type { KernelFacts } from "./kernel-facts.ts";
import { compressionOf, unpack } from "./unpack.ts";

/** A vmlinux with all its symbols has 400 MB. */
const maxKernelBytes = 2 ** 29;

/**
 * Reads what a kernel can do from its configuration as text, the same gzipped (`/proc/config.gz`), or a bzImage
 * (Documentation/arch/x86/boot.rst), an arm64 Image (Documentation/arch/arm64/booting.rst), alone, gzipped or with a
 * self-unpacking EFI stub, or a vmlinux; its configuration is inside where it was built with CONFIG_IKCONFIG. Where it is not,
 * or is packed with what Node cannot unpack, `config-VERSION` beside a `vmlinuz-VERSION` is read, as distributions have it in
 * /boot; without that, architecture and release are still told, with a finding. At most 512 MiB are read, packed or unpacked.
 *
 * @throws {GuestError} GUEST_KERNEL where the file cannot be read or is none of these.
 */
export async function readKernel(path: string): Promise<KernelFacts> {
  const bytes = await readBounded(path);
  const facts = await examine(bytes, path, 0);
  if (facts) return facts.config ? facts : await withConfigBeside(facts);
  throw new GuestError(
    "GUEST_KERNEL",
    `${path} is neither a kernel's configuration nor a kernel image`,
    "give a file such as /boot/config-VERSION, /proc/config.gz, vmlinux, bzImage or Image",
  );
}

async function withConfigBeside(image: KernelFacts): Promise<KernelFacts> {
  const [, version] = /^(?:vmlinuz|vmlinux|bzImage|Image)-(.+)$/.exec(basename(image.path)) ?? [];
  if (version === undefined) return image;
  const path = join(dirname(image.path), `config-${version}`);
  try {
    const beside = fromConfig(await readBounded(path), path);
    return beside ? { ...image, config: beside.config, findings: [] } : image;
  } catch (error) {
    if (error instanceof GuestError) return image;
    throw error;
  }
}

async function readBounded(path: string): Promise<Buffer> {
  const tooLarge = new GuestError(
    "GUEST_KERNEL",
    `${path} has more than ${maxKernelBytes} bytes`,
    "give the kernel's configuration instead",
  );
  try {
    // A named pipe would keep us waiting for ever.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { size } = await file.stat();
    if (size > maxKernelBytes) throw tooLarge;
    // Files of /proc say a size of 0 or a wrong one: what comes is what counts.
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: 2 ** 20 })) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxKernelBytes) throw tooLarge;
    }
    return Buffer.concat(chunks, length);
  } catch (cause) {
    if (cause instanceof GuestError) throw cause;
    throw new GuestError("GUEST_KERNEL", `${path} cannot be read`, "check the path and its permissions", {
      cause,
    });
  }
}

type Image = Pick<KernelFacts, "kind" | "version" | "architecture">;

async function examine(bytes: Buffer, path: string, depth: number): Promise<KernelFacts | undefined> {
  const bzImage = parseBzImage(bytes);
  if (bzImage) {
    const image = { kind: "bzImage", version: bzImage.version, architecture: bzImage.architecture } as const;
    return await fromPayload(path, image, bzImage.payload);
  }
  const isArm64 = isArm64Image(bytes);
  const payload = zbootPayload(bytes);
  if (payload) return await fromZboot(path, payload, depth);
  const elf = parseElf(bytes, bytes.length);
  if (isArm64)
    return await fromImage(path, { kind: "arm64-image", architecture: "arm64", version: undefined }, bytes);
  if (elf.kind === "elf" && elf.header.interpreter === undefined)
    return await fromImage(
      path,
      { kind: "elf", architecture: elfArchitecture(elf.header), version: undefined },
      bytes,
    );
  const compression = compressionOf(bytes);
  if ((compression === "gzip" || compression === "zstd") && depth === 0) {
    const unpacked = await unpack(bytes, compression, maxKernelBytes);
    return unpacked && (await examine(unpacked, path, depth + 1));
  }
  return fromConfig(bytes, path);
}

function fromConfig(bytes: Buffer, path: string): KernelFacts | undefined {
  const config = bytes.length <= 2 ** 24 ? parseKernelConfig(bytes.toString("latin1")) : undefined;
  if (!config) return undefined;
  const { symbols, ...rest } = config;
  return { path, kind: "config", ...rest, config: symbols, findings: [] };
}

/** An unpacked kernel: what it holds, and what it says of itself. A program that does not call itself Linux is none. */
async function fromImage(path: string, image: Image, kernel: Buffer): Promise<KernelFacts | undefined> {
  const text = await findIkconfig(kernel);
  const config = text === undefined ? undefined : parseKernelConfig(text);
  const banner = bannerVersion(kernel);
  if (image.kind === "elf" && config === undefined && banner === undefined) return undefined;
  return {
    path,
    kind: image.kind,
    architecture: image.architecture,
    version: image.version ?? banner ?? config?.version,
    config: config?.symbols,
    findings: config ? [] : [noConfig(path)],
  };
}

async function fromPayload(
  path: string,
  image: Image,
  payload: Uint8Array | undefined,
): Promise<KernelFacts | undefined> {
  const compression = payload && compressionOf(payload);
  if (payload && compression === undefined && parseElf(payload, payload.length).kind === "elf")
    return await fromImage(path, image, Buffer.from(payload));
  if (payload && (compression === "gzip" || compression === "zstd")) {
    const kernel = await unpack(payload, compression, maxKernelBytes);
    if (kernel) return await fromImage(path, image, kernel);
  }
  return { path, ...image, config: undefined, findings: [packed(path, compression)] };
}

async function fromZboot(path: string, payload: Buffer, depth: number): Promise<KernelFacts | undefined> {
  const compression = compressionOf(payload);
  if ((compression === "gzip" || compression === "zstd") && depth === 0) {
    const kernel = await unpack(payload, compression, maxKernelBytes);
    return kernel && (await examine(kernel, path, depth + 1));
  }
  const image = { kind: "arm64-image", version: undefined, architecture: undefined } as const;
  return { path, ...image, config: undefined, findings: [packed(path, compression)] };
}

/** Documentation/arch/arm64/booting.rst: `ARM\x64` at 56. */
function isArm64Image(bytes: Buffer): boolean {
  return bytes.length >= 64 && bytes.toString("latin1", 56, 60) === "ARM\x64";
}

/** A kernel with a self-unpacking EFI stub (drivers/firmware/efi/libstub/zboot-header.S): offset and length at 8 and 12. */
function zbootPayload(bytes: Buffer): Buffer | undefined {
  if (bytes.length < 64 || bytes.toString("latin1", 0, 2) !== "MZ") return undefined;
  if (bytes.toString("latin1", 4, 8) !== "zimg") return undefined;
  const offset = bytes.readUInt32LE(8);
  return bytes.subarray(offset, offset + bytes.readUInt32LE(12));
}

/** `linux_banner` and its like begin so. */
function bannerVersion(kernel: Buffer): string | undefined {
  const banner = "Linux version ";
  for (let at = kernel.indexOf(banner); at !== -1; at = kernel.indexOf(banner, at + 1)) {
    const from = at + banner.length;
    const version = releaseOf(kernel.toString("latin1", from, from + 80));
    if (version !== undefined) return version;
  }
  return undefined;
}

function noConfig(path: string): Finding {
  return {
    code: "kernel-config-unknown",
    severity: "note",
    subject: path,
    reason: "the kernel was built without CONFIG_IKCONFIG, so it does not say what it can do",
    remedy: "give its configuration instead, such as /boot/config-VERSION of the kernel's package",
  };
}

function packed(path: string, compression: string | undefined): Finding {
  return {
    code: "kernel-compression",
    severity: "note",
    subject: path,
    reason:
      compression === undefined
        ? "the kernel inside cannot be found or is damaged, so it does not say what it can do"
        : `the kernel is packed with ${compression}, which cannot be unpacked here, or it is damaged`,
    remedy:
      "give its configuration instead, such as /boot/config-VERSION, or the vmlinux that the kernel's scripts/extract-vmlinux makes of it",
  };
}
