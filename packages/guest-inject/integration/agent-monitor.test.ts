import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { requireJudge } from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectAgent } from "../src/agent/connect-agent.ts";
import { endOf } from "./agent-calls.ts";
import { fakeMonitor } from "./agent-process.ts";

const judge = requireJudge("root");
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-monitor-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

describe.skipIf(judge.skip)(`a monitor's Unix socket leads to the agent:${judge.reason}`, () => {
  test.each(["firecracker", "cloud-hypervisor"])("%s's form of vsock, after its handshake", async (kind) => {
    const path = join(directory, `${kind}.sock`);
    await using monitor = await fakeMonitor(path, 1024);
    await using session = await connectAgent(`${kind}:${path}`);
    const program = await session.exec({ argv: ["echo", "through"] });
    expect(await endOf(program)).toMatchObject({ out: "through\n", code: 0 });
    const other = connectAgent(`${kind}:${path}:99`, { timeoutMilliseconds: 600 });
    await expect(other).rejects.toThrow(/nothing in the guest listens on port 99/);
    expect(monitor.requests).toContain("CONNECT 1024\n");
  });

  test("a chardev's, where hosts come and go", async () => {
    const path = join(directory, "serial.sock");
    await using _monitor = await fakeMonitor(path);
    for (let host = 0; host < 3; host++) {
      await using session = await connectAgent(`unix:${path}`);
      expect(await session.status()).toMatchObject({ hostname: hostname() });
    }
  });
});
