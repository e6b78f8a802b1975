import { formatPlatform, type PullResult, type PushResult } from "@bootlayer/image-builder";
import { stagesJson } from "./stages.ts";

type TransferResult = PullResult | PushResult;

/** The object of `--json` of pull and push. */
export function transferJson(result: TransferResult): object {
  return { ...result, platforms: result.platforms.map(formatPlatform), stages: stagesJson(result.stages) };
}

export function transferredImage(name: string, platforms: TransferResult["platforms"]): string {
  return `${name} (${platforms.map(formatPlatform).join(", ") || "no platform"})`;
}
