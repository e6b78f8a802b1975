import type { Finding } from "./finding.ts";

/** How a kernel has a feature: built in, as a module, not at all, or nobody knows. */
export type KernelSymbol = "y" | "m" | "absent" | "unknown";

/** What could be learnt about a kernel from its configuration or its image. */
export interface KernelFacts {
  /** The file that was read. */
  readonly path: string;
  /** The form of the file. */
  readonly kind: "config" | "bzImage" | "arm64-image" | "elf";
  /** Such as `6.1.0-56-cloud-amd64`, if the file says it. */
  readonly version: string | undefined;
  /** In OCI's words (`amd64`, `arm64`, `riscv64`…), if the file says it. */
  readonly architecture: string | undefined;
  /** Values by name without `CONFIG_`; undefined where the file holds no configuration. */
  readonly config: ReadonlyMap<string, string> | undefined;
  /** What kept the configuration from being read. */
  readonly findings: readonly Finding[];
}

/** `name` is without `CONFIG_`. */
export function kernelSymbol(kernel: KernelFacts, name: string): KernelSymbol {
  if (kernel.config === undefined) return "unknown";
  const value = kernel.config.get(name);
  return value === "y" || value === "m" ? value : "absent";
}
