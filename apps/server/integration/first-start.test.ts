import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseSettings } from "../src/parse-settings.ts";
import { runTokenCommand } from "../src/run-token-command.ts";
import { startServer } from "../src/server.ts";

test("a server beyond loopback asks for tokens from its first start on, and tells where the first one is", async () => {
  const store = await mkdtemp(join(tmpdir(), "bootlayer-first-start-"));
  onTestFinished(() => rm(store, { recursive: true }));
  const printed: string[] = [];
  const command = (...args: string[]): Promise<void> =>
    runTokenCommand([...args, "--store", store], {
      env: {},
      stdout: { write: (text) => printed.push(text) },
    });

  const server = await startServer(parseSettings({ listen: "0.0.0.0:0", store, logLevel: "silent" }, {}));
  try {
    expect(server.tokenFile).toBe(join(store, "admin-token"));
    const secret = (await readFile(join(store, "admin-token"), "utf8")).trim();
    const tokens = `http://127.0.0.1:${new URL(server.url).port}/v1/tokens`;
    expect((await fetch(tokens)).status).toBe(401);
    const answer = await fetch(tokens, { headers: { authorization: `Bearer ${secret}` } });
    expect([answer.status, await answer.json()]).toMatchObject([200, { tokens: [{ name: "first" }] }]);
    await expect(command("list")).rejects.toMatchObject({ code: "SERVER_DATABASE" });
  } finally {
    await server.close();
  }
  await command("create", "--name", "ci", "--scope", "build,read");
  await command("list");
  expect(printed.join("")).toMatch(/\tusable\tread,build\t.*"ci"\n/);
});

test("without tokens a server does not listen beyond loopback", async () => {
  const store = join(tmpdir(), "bootlayer-never-made");
  await expect(
    startServer(parseSettings({ listen: "0.0.0.0:0", store, tokens: false }, {})),
  ).rejects.toMatchObject({ code: "SERVER_LISTEN" });
});
