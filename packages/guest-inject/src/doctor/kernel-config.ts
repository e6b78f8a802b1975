import { releaseOf } from "./bz-image.ts";

export interface KernelConfig {
  readonly version: string | undefined;
  readonly architecture: string | undefined;
  /** Without `CONFIG_`; what is not set is not here. */
  readonly symbols: ReadonlyMap<string, string>;
}

/** In this order: the first one that is set decides. */
const architectures: readonly (readonly [symbol: string, architecture: string])[] = [
  ["X86_64", "amd64"],
  ["X86_32", "386"],
  ["X86", "386"],
  ["ARM64", "arm64"],
  ["ARM", "arm"],
  ["CPU_LITTLE_ENDIAN", "ppc64le"],
  ["S390", "s390x"],
  ["RISCV", "riscv64"],
  ["LOONGARCH", "loong64"],
];

const archWithSharedSymbol: ReadonlyMap<string, string> = new Map([["ppc64le", "PPC64"]]);

/** Reads a kernel's `.config` (Documentation/kbuild/kconfig.rst); undefined for a text without a single symbol. */
export function parseKernelConfig(text: string): KernelConfig | undefined {
  const symbols = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, value = ""] = /^CONFIG_(\w+)=(.*?)\r?$/.exec(line) ?? [];
    if (name !== undefined && value !== "n") symbols.set(name, value);
  }
  if (symbols.size === 0) return undefined;
  const [, release = ""] = /^# Linux\/\S+ (\S+) Kernel Configuration/m.exec(text) ?? [];
  const [, architecture] =
    architectures.find(
      ([symbol, name]) =>
        symbols.get(symbol) === "y" && symbols.has(archWithSharedSymbol.get(name) ?? symbol),
    ) ?? [];
  return { version: releaseOf(release), architecture, symbols };
}
