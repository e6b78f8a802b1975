import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Programs of administration live here, and are often missing from an ordinary user's PATH. */
const ADMIN_DIRECTORIES = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** PATH for judges: the caller's own, then the directories of administration. */
export function judgePath(): string {
  return [process.env["PATH"] ?? "", ...ADMIN_DIRECTORIES].join(delimiter);
}

/**
 * Says whether tests that call these programs can run here; `"root"` stands for being the superuser. For use where tests
 * are collected: `const judge = requireJudge("root", "umoci"); describe.skipIf(judge.skip)("..." + judge.reason, ...)`.
 *
 * @returns `reason` is empty, or ` [skipped: needs root, umoci]`.
 * @throws {Error} instead of skipping, where BOOTLAYER_REQUIRE_JUDGES is 1.
 */
export function requireJudge(...tools: readonly string[]): {
  readonly skip: boolean;
  readonly reason: string;
} {
  const missing = tools.filter((tool) => (tool === "root" ? !isRoot() : !isOnPath(tool)));
  if (missing.length === 0) return { skip: false, reason: "" };
  if (process.env["BOOTLAYER_REQUIRE_JUDGES"] === "1")
    throw new Error(`BOOTLAYER_REQUIRE_JUDGES is 1, but this is missing: ${missing.join(", ")}`);
  return { skip: true, reason: ` [skipped: needs ${missing.join(", ")}]` };
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function isOnPath(tool: string): boolean {
  return judgePath()
    .split(delimiter)
    .some((directory) => isExecutable(join(directory, tool)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
