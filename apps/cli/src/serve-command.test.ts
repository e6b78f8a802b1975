import { settingFlags } from "@bootlayer/server/settings-flags";
import { run } from "@stricli/core";
import { expect, test } from "vitest";
import { app } from "./app.ts";

test("serve knows the flags of the server, all of them and no other", async () => {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  await run(app, ["serve", "--help"], {
    process: { stdout: stream, stderr: stream, env: {}, exitCode: null },
    signal: new AbortController().signal,
    endWith: () => {},
  } as never);
  const named = [...lines.join("").matchAll(/--([a-z0-9-]+)/g)].map(([, name = ""]) =>
    name.replace(/^no-/, "").replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
  );
  const flags = new Set(named.filter((name) => name !== "help" && name !== "helpAll"));
  expect([...flags].toSorted()).toEqual(Object.keys(settingFlags).toSorted());
});
