import { execa } from "execa";
import { judgePath } from "../require-judge.ts";
import { runTool } from "./run-tool.ts";

/**
 * Checks an ext file system, changing nothing (`e2fsck -fn`); returns what it printed.
 *
 * @throws {Error} with what it printed, if it finds anything to mend, such as a journal that awaits its recovery.
 */
export async function e2fsck(image: string): Promise<string> {
  const output = await runTool("e2fsck", ["-fn", image]);
  // A guess of e2fsck's about each time that ext4 can hold after 2310.
  const findings = output.replaceAll(/^Timestamp\(s\) on inode \d+ beyond 2310-04-04 .*\nFix\? no$/gm, "");
  // It ends with 0 all the same where only the journal, and counts that are in it, are left to be mended.
  if (/^Warning: skipping journal recovery|\? no$/m.test(findings))
    throw new Error(`e2fsck -fn ${image} finds something to mend:\n${output}`);
  return output;
}

/**
 * What debugfs answers to one request, such as `stat /etc/passwd`.
 *
 * @throws {Error} if it complains: it ends with 0 all the same, and complaints go to standard error, after a version line.
 */
export async function debugfs(image: string, request: string): Promise<string> {
  const { stdout, stderr } = await execa("debugfs", ["-R", request, image], {
    env: { PATH: judgePath(), LC_ALL: "C", TZ: "UTC" },
    maxBuffer: 2 ** 30,
    stripFinalNewline: false,
  });
  const complaints = stderr.replace(/^debugfs \d.*\n/, "").trim();
  if (complaints !== "") throw new Error(`debugfs -R "${request}" ${image}: ${complaints}`);
  return stdout;
}

/** The superblock and the groups as `dumpe2fs` prints them. */
export async function dumpe2fs(image: string): Promise<string> {
  return await runTool("dumpe2fs", [image]);
}
