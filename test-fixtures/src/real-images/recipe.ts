import type { RealLayer } from "./layer.ts";

/** How a real image is made. */
export interface RealImageRecipe {
  readonly name: string;
  /** The config's `config` object. */
  readonly config: object;
  /** What decides the bytes beside this code: versions of packages, for one. Asked on each use, so quick. */
  readonly inputs: () => Promise<unknown>;
  /** Makes the layers' directories in `scratch`, the lowest first; runs as root. While it makes one, those before are packed. */
  readonly build: (scratch: string) => AsyncIterable<RealLayer>;
}
