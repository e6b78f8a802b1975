import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startRegistry } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { runCli, withDirectory } from "./run-cli.ts";
import { smallImage } from "./small-image.ts";

const secret = "hunter2-marked";
const auth = { kind: "bearer", user: "me", password: secret } as const;

interface Place {
  readonly host: string;
  readonly home: string;
  readonly run: (arguments_: readonly string[], input?: string) => ReturnType<typeof runCli>;
}

/** A registry with a login, and a user who has none. */
async function withRegistry(use: (place: Place) => Promise<void>): Promise<void> {
  const registry = await startRegistry({ images: { "a/b:1": smallImage() }, auth });
  try {
    await withDirectory(async (home) => {
      const env = {
        HOME: home,
        XDG_CONFIG_HOME: "",
        XDG_RUNTIME_DIR: "",
        DOCKER_CONFIG: "",
        REGISTRY_AUTH_FILE: "",
      };
      const run: Place["run"] = (arguments_, input) =>
        runCli(arguments_, { env, ...(input === undefined ? {} : { input }) });
      await use({ host: registry.host, home, run });
    });
  } finally {
    await registry.close();
  }
}

describe("login", () => {
  test("keeps a login that the registry has let in, for every further command; logout forgets it", async () => {
    await withRegistry(async ({ host, home, run }) => {
      const inspect = ["inspect", `${host}/a/b:1`, "--platform", "linux/amd64"];
      expect(await run(inspect)).toMatchObject({ exitCode: 4 });
      const login = await run(["login", host, "-u", "me", "--password-stdin"], `${secret}\n`);
      const config = join(home, ".docker/config.json");
      expect(login).toEqual({ exitCode: 0, stdout: `logged in to ${host}, kept by ${config}\n`, stderr: "" });
      expect((await stat(config)).mode & 0o777).toBe(0o600);
      expect(await run(inspect)).toMatchObject({ exitCode: 0 });
      expect(await run(["logout", host, "--json"])).toMatchObject({
        exitCode: 0,
        stdout: `${JSON.stringify({ registry: host, forgottenBy: [config] })}\n`,
      });
      expect(await run(inspect)).toMatchObject({ exitCode: 4 });
      expect(await run(["logout", host])).toMatchObject({ stdout: `there was no login to ${host}\n` });
    });
  });

  test("with a wrong password changes no file and does not show it", async () => {
    await withRegistry(async ({ host, home, run }) => {
      const config = join(home, ".docker/config.json");
      await mkdir(join(home, ".docker"));
      await writeFile(config, '{"detachKeys": "x"}');
      const { exitCode, stdout, stderr } = await run(
        ["login", host, "-u", "me", "--password-stdin"],
        `${secret}-wrong`,
      );
      expect([exitCode, stdout]).toEqual([4, ""]);
      expect(stderr).toContain("REGISTRY_UNAUTHORIZED");
      expect(stderr).not.toContain(secret);
      expect(await readFile(config, "utf8")).toBe('{"detachKeys": "x"}');
    });
  });

  test.each([
    ["without a terminal", ["-u", "me"]],
    ["with a password, but for nobody", ["--password-stdin"]],
    ["with nothing on standard input", ["-u", "me", "--password-stdin"]],
  ])("%s is wrong usage", async (_, flags) => {
    await withRegistry(async ({ host, run }) => {
      expect(await run(["login", host, ...flags], "")).toMatchObject({ exitCode: 2 });
    });
  });

  test("to what is no registry is wrong usage", async () => {
    await withRegistry(async ({ run }) => {
      for (const name of ["a/b", "https://", "u:p@host", ""])
        expect(await run(["login", name, "-u", "me", "--password-stdin"], secret)).toMatchObject({
          exitCode: 2,
        });
    });
  });
});

test("--creds counts before all files, and its password may be in the environment", async () => {
  await withRegistry(async ({ host, home, run }) => {
    const inspect = ["inspect", `${host}/a/b:1`, "--platform", "linux/amd64"];
    expect(await run([...inspect, "--creds", `me:${secret}`])).toMatchObject({ exitCode: 0 });
    const env = { HOME: home, BOOTLAYER_PASSWORD: secret };
    expect(await runCli([...inspect, "--creds", "me"], { env })).toMatchObject({ exitCode: 0 });
    const wrong = await run([...inspect, "--creds", `me:${secret}-wrong`, "--progress", "json"]);
    expect(wrong).toMatchObject({ exitCode: 4 });
    expect(wrong.stdout + wrong.stderr).not.toContain(secret);
    expect(await run([...inspect, "--creds", secret])).toMatchObject({
      exitCode: 2,
      stderr: expect.not.stringContaining(secret),
    });
  });
});
