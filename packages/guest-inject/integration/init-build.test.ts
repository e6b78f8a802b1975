import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireJudge } from "@bootlayer/test-fixtures";
import { execa } from "execa";
import { describe, expect, test } from "vitest";

const init = join(import.meta.dirname, "..", "init");
const cache = join(import.meta.dirname, "..", "..", "..", ".cache");
/** What the committed binaries were made with: Debian 12's. Another compiler gives other bytes. */
const compilerVersion = "12.2.0";
const muslVersion = "1.2.3-1";

const judge = await requireCompilers();

async function requireCompilers(): Promise<{ readonly skip: boolean; readonly reason: string }> {
  const compilers = ["x86_64-linux-gnu-gcc", "aarch64-linux-gnu-gcc"];
  const tools = requireJudge(...compilers, "musl-gcc", "apt-get", "dpkg-deb", "dpkg-query");
  if (tools.skip) return tools;
  const asked = compilers.map(async (compiler) => (await execa(compiler, ["-dumpfullversion"])).stdout);
  const versions = await Promise.all(asked);
  const musl = await execa("dpkg-query", ["-W", "-f", "${Version}", "musl-dev"], { reject: false });
  if (versions.every((version) => version === compilerVersion) && musl.stdout === muslVersion) return tools;
  const reason = `gcc ${compilerVersion} for both architectures, musl-dev ${muslVersion}`;
  if (process.env["BOOTLAYER_REQUIRE_JUDGES"] === "1") throw new Error(`the build needs ${reason}`);
  return { skip: true, reason: ` [skipped: needs ${reason}]` };
}

describe.skipIf(judge.skip)(`the init's binaries${judge.reason}`, () => {
  test("are what its sources give, wherever they lie", async () => {
    const directory = await mkdtemp(join(tmpdir(), "bootlayer-build-"));
    try {
      const [sources, built] = [join(directory, "other sources"), join(directory, "built")];
      await mkdir(sources);
      await mkdir(built);
      for (const name of await readdir(init))
        if (/\.(c|h|sh)$/.test(name)) await copyFile(join(init, name), join(sources, name));
      await execa("sh", [join(sources, "build.sh"), built], { env: { BOOTLAYER_CACHE: cache } });
      for (const name of ["bootlayer-init-amd64", "bootlayer-init-arm64"]) {
        const [committed, rebuilt] = [await readFile(join(init, name)), await readFile(join(built, name))];
        expect(rebuilt.equals(committed), `${name}: run init/build.sh and commit what it makes`).toBe(true);
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  }, 120_000);
});
