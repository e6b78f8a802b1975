import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eraseWithHelper, getFromHelper, storeWithHelper } from "./credential-helper.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "credential-helper-"));
});
afterEach(() => rm(directory, { recursive: true }));

/** Puts docker-credential-NAME on PATH, a shell script. */
async function helper(script: string, name = "test"): Promise<void> {
  const file = join(directory, `docker-credential-${name}`);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}

function context(helperMilliseconds = 20_000) {
  const path = `${directory}:${process.env["PATH"] ?? ""}`;
  return { environment: { PATH: path, HELPER_DIRECTORY: directory }, helperMilliseconds };
}

async function failure(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "REGISTRY_CREDENTIAL_HELPER" });
  // Everything that could be printed of it, its causes too.
  const shown = JSON.stringify(error, Object.getOwnPropertyNames(error));
  expect(shown).not.toContain("hunter2");
  return shown;
}

describe("get", () => {
  test("gives the server on standard input and reads user and secret", async () => {
    await helper(
      'read server; printf \'{"ServerURL":"%s","Username":"%s","Secret":"hunter2"}\' "$server" "$1-$server"',
    );
    expect(await getFromHelper("test", "r.example:5000", context())).toEqual({
      kind: "password",
      username: "get-r.example:5000",
      password: "hunter2",
    });
  });

  test("reads the user <token> as an identity token", async () => {
    await helper('echo \'{"Username":"<token>","Secret":"hunter2"}\'');
    expect(await getFromHelper("test", "r", context())).toEqual({
      kind: "identity-token",
      username: "",
      token: "hunter2",
    });
  });

  test("is anonymous where the helper knows nothing, and says it in docker's words", async () => {
    await helper('echo "credentials not found in native keychain"; exit 1');
    expect(await getFromHelper("test", "r", context())).toBeUndefined();
  });

  test.each([
    ["fails", "echo hunter2; echo hunter2 >&2; exit 1"],
    ["answers no JSON", "echo hunter2"],
    ["answers without a secret", 'echo \'{"Username":"hunter2"}\''],
    ["answers with an empty secret", 'echo \'{"Username":"hunter2","Secret":""}\''],
    ["answers too much", "while :; do echo hunter2hunter2hunter2hunter2hunter2; done"],
    ["is killed", "echo hunter2; kill -9 $$"],
  ])("of a helper that %s is an error that shows nothing of its output", async (_, script) => {
    await helper(script);
    expect(await failure(getFromHelper("test", "r", context()))).toContain("docker-credential-test");
  });

  test("of a helper that hangs ends after its time, even if it left a child behind", async () => {
    await helper("sleep 30");
    expect(await failure(getFromHelper("test", "r", context(300)))).toContain("300 ms");
  });

  test("of a helper that is not there names it", async () => {
    expect(await failure(getFromHelper("missing", "r", context()))).toContain("docker-credential-missing");
  });

  test.each(["", "../x", "a/b", "A", "a b", "a;b", "a\0b", "é", "x".repeat(65)])(
    "runs nothing for the name %j",
    async (name) => {
      expect(await failure(getFromHelper(name, "r", context()))).toContain("has a name that is none");
    },
  );
});

test("store gives the login as JSON on standard input, never as an argument", async () => {
  await helper('cat > "$HELPER_DIRECTORY/input"; echo "$@" > "$HELPER_DIRECTORY/arguments"');
  await storeWithHelper("test", "r.example", { username: "u", secret: "hunter2" }, context());
  expect(JSON.parse(await readFile(join(directory, "input"), "utf8"))).toEqual({
    ServerURL: "r.example",
    Username: "u",
    Secret: "hunter2",
  });
  expect(await readFile(join(directory, "arguments"), "utf8")).toBe("store\n");
});

test("a store that fails and repeats its input does not show it", async () => {
  await helper("cat; exit 1");
  const stored = storeWithHelper("test", "r", { username: "u", secret: "hunter2" }, context());
  expect(await failure(stored)).toContain("did not store");
});

test("erase says whether there was something", async () => {
  await helper(
    'read server; [ "$server" = known ] || { echo "credentials not found in native keychain"; exit 1; }',
  );
  expect(await eraseWithHelper("test", "known", context())).toBe(true);
  expect(await eraseWithHelper("test", "other", context())).toBe(false);
});
