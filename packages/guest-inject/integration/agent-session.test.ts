import { readFile, writeFile } from "node:fs/promises";
import { hostname, release } from "node:os";
import { join } from "node:path";
import { requireJudge } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { openAgentSession } from "../src/agent/guest-agent.ts";
import { eventually, shell, until } from "./agent-calls.ts";
import { frame, readAll, refusalOf } from "./agent-fixtures.ts";
import { agentOnHost } from "./agent-on-host.ts";
import { startAgent } from "./agent-process.ts";

const judge = requireJudge("root");
const host = agentOnHost(judge);

describe.skipIf(judge.skip)(`an agent under another init${judge.reason}`, () => {
  test("says so in its status, beside the machine's name and kernel", async () => {
    expect(await host.agent.status()).toMatchObject({
      program: { state: "unmanaged" },
      hostname: hostname(),
      kernel: release(),
    });
  });

  test("has no main program to wait for or to signal", async () => {
    expect(await refusalOf(host.agent.wait())).toBe("GUEST_AGENT_REFUSED unsupported");
    expect(await refusalOf(host.agent.signal(15))).toBe("GUEST_AGENT_REFUSED unsupported");
  });
});

describe.skipIf(judge.skip)(`the end of a session${judge.reason}`, () => {
  test("gives its programs SIGHUP; who ignores that lives on", async () => {
    await using own = startAgent();
    const session = await openAgentSession(own.connection);
    const mark = join(host.directory, "left");
    const heeding =
      'exec 2>/dev/null; trap "echo heeded >> $1; exit" HUP; echo ready; while :; do sleep 0.05; done';
    const ignoring =
      'trap "" HUP; echo ready; while [ "$(cat $1)" != heeded ]; do sleep 0.05; done; echo outlived >> $1';
    await writeFile(mark, "");
    for (const script of [heeding, ignoring])
      await until((await session.exec(shell(script, mark))).stdout, /ready/);
    own.connection.destroy();
    await eventually(async () => (await readFile(mark, "utf8")) === "heeded\noutlived\n");
    expect(await own.ended).toBe(0);
  });

  test("follows a frame that breaks the rules, with the reason", async () => {
    for (const [broken, message] of [
      [frame(99, 1), "a frame of a type that hosts do not send"],
      [frame(1, 0), "a request on stream 0"],
      [frame(3, 1, "argv\n"), "a record that exec does not have"],
      [frame(3, 1, "argv a  b\n"), "a malformed record"],
      [frame(3, 1, ""), "an exec without argv"],
      [frame(11, 1, "path /x\n"), "a put without path or size"],
      [Buffer.from("010001000100000001000000", "hex"), "a frame whose header breaks the rules"],
    ] as const) {
      await using own = startAgent();
      const opening = Buffer.from("BLAGENT10123456789abcdef");
      own.connection.write(Buffer.concat([opening, broken]));
      const answer = await readAll(own.connection);
      expect(answer.subarray(0, 24)).toEqual(opening);
      expect([answer[32], answer.readUInt32LE(28)]).toEqual([16, 0]);
      expect(answer.toString("latin1", 36)).toBe(
        `code protocol\nmessage ${message.replaceAll(" ", String.raw`\x20`)}\n`,
      );
      expect(await own.ended).toBe(0);
    }
  });

  test("by the agent's death is the end of all calls", async () => {
    await using own = startAgent();
    const session = await openAgentSession(own.connection);
    const program = await session.exec({ argv: ["sleep", "1"] });
    own.child.kill("SIGKILL");
    expect(await refusalOf(program.exited)).toBe("GUEST_AGENT_LOST");
    expect(await refusalOf(session.status())).toBe("GUEST_AGENT_LOST");
  });
});
