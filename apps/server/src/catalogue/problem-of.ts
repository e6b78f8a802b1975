import { isBootlayerError } from "@bootlayer/errors";
import type { BuildProblem } from "./build.ts";

/** Why a build failed, for the catalogue. Of a fault of our own nothing is told but that it is one: the log has it. */
export function problemOf(error: unknown): BuildProblem {
  if (isBootlayerError(error))
    return { code: error.code, title: titleOf(error.code), detail: error.message, hint: error.hint };
  return {
    code: "INTERNAL",
    title: "Internal",
    detail: "the server failed; its log has the build's id and the cause",
    hint: "retry the build, and report it if it fails again",
  };
}

/** `REGISTRY_NOT_FOUND` as words. */
function titleOf(code: string): string {
  const words = code.toLowerCase().replaceAll("_", " ");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
