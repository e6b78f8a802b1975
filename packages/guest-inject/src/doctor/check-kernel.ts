import type { DiagnoseOptions } from "./doctor-image.ts";
import type { Finding } from "./finding.ts";
import { kernelSymbol, type KernelFacts, type KernelSymbol } from "./kernel-facts.ts";
import { kernelNeeds, type ImageNeeds, type KernelNeed } from "./kernel-needs.ts";

/** The module that a symbol builds, where it may be one. */
const modules: ReadonlyMap<string, string> = new Map([
  ["EXT4_FS", "ext4"],
  ["SQUASHFS", "squashfs"],
  ["OVERLAY_FS", "overlay"],
  ["VIRTIO_BLK", "virtio_blk"],
  ["VIRTIO_PCI", "virtio_pci"],
  ["VIRTIO_MMIO", "virtio_mmio"],
  ["VIRTIO_NET", "virtio_net"],
  ["VIRTIO_CONSOLE", "virtio_console"],
  ["VSOCKETS", "vsock"],
  ["VIRTIO_VSOCKETS", "vmw_vsock_virtio_transport"],
  ["BLK_DEV_NVME", "nvme"],
  ["BINFMT_SCRIPT", "binfmt_script"],
]);

/** Which architectures' programs a kernel runs: its own, and the 32-bit ones that it was built to run too. */
export function runnableArchitectures(architecture: string, kernel: KernelFacts | undefined): string[] {
  const [narrow, symbol] =
    architecture === "amd64" ? ["386", "IA32_EMULATION"] : architecture === "arm64" ? ["arm", "COMPAT"] : [];
  if (narrow === undefined || symbol === undefined) return [architecture];
  const isAble = kernel === undefined || kernelSymbol(kernel, symbol) !== "absent";
  return isAble ? [architecture, narrow] : [architecture];
}

/** Holds the kernel's features against what format, machine, guest and image ask for. */
export function checkKernel(kernel: KernelFacts, options: DiagnoseOptions, image: ImageNeeds): Finding[] {
  const findings = [
    ...kernel.findings,
    ...checkArchitecture(kernel, image.architecture),
    ...checkFormat(kernel, options.machine),
  ];
  if (kernel.config === undefined) return findings;
  return [...findings, ...kernelNeeds(options, image).map((need) => judge(need, kernel, options))];
}

function checkArchitecture(kernel: KernelFacts, architecture: string): Finding[] {
  if (kernel.architecture === undefined) return [];
  const subject = kernel.path;
  const release = kernel.version === undefined ? "Linux" : `Linux ${kernel.version}`;
  const runs = runnableArchitectures(kernel.architecture, kernel).includes(architecture);
  return [
    {
      code: "kernel-architecture",
      severity: runs ? "ok" : "error",
      subject,
      reason: runs
        ? `${release} for ${kernel.architecture}`
        : `${release} is built for ${kernel.architecture}, and the image for ${architecture}`,
      remedy: runs ? undefined : "take a kernel for the image's architecture, or the image for the kernel's",
    },
  ];
}

/** The others unpack a bzImage, or let it unpack itself; Firecracker learnt it in July 2026 (its pull request 6037). */
function checkFormat({ kind, path }: KernelFacts, machine: DiagnoseOptions["machine"]): Finding[] {
  if (machine !== "firecracker" || kind !== "bzImage") return [];
  return [
    {
      code: "kernel-format",
      severity: "warning",
      subject: path,
      reason: "it is a bzImage, which no Firecracker of before July 2026 starts",
      remedy:
        "give the vmlinux in it, as the kernel's scripts/extract-vmlinux gets it out, or take a newer Firecracker",
    },
  ];
}

const rank: Readonly<Record<KernelSymbol, number>> = { y: 0, m: 1, unknown: 2, absent: 3 };

function judge(need: KernelNeed, kernel: KernelFacts, options: DiagnoseOptions): Finding {
  const ways = need.ways.map((symbols) => {
    const states = symbols.map((symbol) => ({ symbol, state: kernelSymbol(kernel, symbol) }));
    return { symbols, states, worst: Math.max(...states.map(({ state }) => rank[state])) };
  });
  const [best] = ways.toSorted((a, b) => a.worst - b.worst);
  const states = best?.states ?? [];
  const subject = states.map(({ symbol }) => `CONFIG_${symbol}`).join(", ");
  const absent = states.filter(({ state }) => state === "absent" || state === "unknown");
  if (absent.length > 0) {
    const names = need.ways.map((symbols) => symbols.map((symbol) => `CONFIG_${symbol}`).join(" and "));
    const lacking = absent.map(({ symbol }) => `CONFIG_${symbol}`).join(" and ");
    return {
      code: "kernel-absent",
      severity: need.absent,
      subject,
      reason: `${need.what}: the kernel lacks ${lacking}, so ${need.without}`,
      remedy: `take a kernel with ${names.join(", or with ")}`,
    };
  }
  const loaded = states.filter(({ state }) => state === "m").map(({ symbol }) => symbol);
  if (loaded.length > 0) return judgeModules(need, loaded, subject, options);
  return {
    code: "kernel-built-in",
    severity: "ok",
    subject,
    reason: `${need.what}: built in`,
    remedy: undefined,
  };
}

function judgeModules(
  need: KernelNeed,
  symbols: readonly string[],
  subject: string,
  { guest, prepared, initrd }: DiagnoseOptions,
): Finding {
  // As prepared, those are there too that the ones asked for need.
  const asked = prepared?.modules.load.map(({ name }) => name) ?? guest?.modules?.load ?? [];
  const injected = new Set(asked.map((name) => name.replaceAll("-", "_")));
  const names = symbols.map((symbol) => modules.get(symbol) ?? symbol.toLowerCase());
  const missing = names.filter((name) => !injected.has(name));
  const inTime = need.when === "later" || initrd === true;
  const which = names.join(", ");
  if (missing.length === 0 && inTime)
    return {
      code: "kernel-module",
      severity: "ok",
      subject,
      reason: `${need.what}: loaded from the modules that are put in (${which})`,
      remedy: undefined,
    };
  if (!inTime)
    return {
      code: "kernel-module",
      severity: need.absent,
      subject,
      reason: `${need.what}: a module (${which}), which cannot be loaded before the root is there, so ${need.without}`,
      remedy: `start from an initrd with the modules ${which}, or take a kernel that has them built in`,
    };
  return {
    code: "kernel-module",
    severity: need.absent,
    subject,
    reason: `${need.what}: a module (${which}) that nothing puts in; without it ${need.without}`,
    remedy: `put in the kernel's modules ${missing.join(", ")}, or take a kernel that has them built in`,
  };
}
