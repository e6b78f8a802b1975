import { requireJudge } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { endOf, shell, until } from "./agent-calls.ts";
import { agentOnHost } from "./agent-on-host.ts";

const judge = requireJudge("root");
const host = agentOnHost(judge);

describe.skipIf(judge.skip)(`a program at a terminal${judge.reason}`, () => {
  const terminal = { rows: 24, columns: 80 };

  test("controls it, has its size, and hears of a new one", async () => {
    const script =
      "trap 'stty size; exit 4' WINCH; tty; stty size; echo err >&2; while :; do sleep 0.05; done";
    const program = await host.agent.exec({ ...shell(script), terminal });
    const ended = endOf(program);
    await until(program.stdout, /err/);
    program.resize({ rows: 50, columns: 132 });
    const { out, err, code } = await ended;
    expect(out).toMatch(/^\/dev\/pts\/\d+\r\n24 80\r\nerr\r\n50 132\r\n$/);
    expect([err, code]).toEqual(["", 4]);
  });

  test("is interrupted by Ctrl-C", async () => {
    const program = await host.agent.exec({ argv: ["cat"], terminal });
    const ended = endOf(program);
    program.stdin?.write("ready\n");
    await until(program.stdout, /ready\r\nready/);
    program.stdin?.write("\u0003");
    expect(await ended).toMatchObject({ code: 130, signal: 2 });
  });

  test("reads the end of input as end of file, also where the input is more than a terminal holds", async () => {
    const program = await host.agent.exec({ ...shell("stty -echo; echo ready; sleep 0.5; wc -c"), terminal });
    const ended = endOf(program);
    await until(program.stdout, /ready/);
    program.stdin?.end(`${"x".repeat(99)}\n`.repeat(2000));
    expect(await ended).toMatchObject({ out: "ready\r\n200000\r\n", code: 0 });
  });

  test("is nobody's to be resized without one", async () => {
    const program = await host.agent.exec({ argv: ["sleep", "100"] });
    expect(() => program.resize(terminal)).toThrow(expect.objectContaining({ code: "GUEST_AGENT_REQUEST" }));
    program.close();
  });
});
