import { BuilderError } from "@bootlayer/image-builder";

/** Flags that do not go together. */
export function usageError(message: string): BuilderError {
  return new BuilderError("OPTIONS_INVALID", message, "see --help");
}
