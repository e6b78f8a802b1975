import type { ProcessConfig } from "@bootlayer/image-spec";
import type { GuestConfig } from "./guest-config.ts";
import type { PreparedGuest } from "./guest-plan.ts";
import type { ReadImageFile } from "./image-file.ts";
import type { ForeignInit } from "./init-system.ts";
import type { InjectedTree } from "./injected-tree.ts";
import type { ComposedProcess } from "./process.ts";

/** What the steps of one plan share. */
export interface Planning {
  readonly prepared: PreparedGuest;
  readonly config: GuestConfig;
  readonly image: ProcessConfig;
  readonly as: "layer" | "initrd";
  readonly readOnlyRoot: boolean;
  readonly tree: InjectedTree;
  readonly readFile: ReadImageFile;
  readonly process: ComposedProcess;
  readonly hostname: string;
  readonly foreign: ForeignInit | undefined;
  /** Whether the kernel starts our init, which hands over to the image's own where there is one. */
  readonly initRunsFirst: boolean;
  readonly warnings: string[];
}
