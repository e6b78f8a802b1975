import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { openAgentSession, type GuestAgent } from "../src/agent/guest-agent.ts";
import { startAgent, type AgentProcess } from "./agent-process.ts";

export interface AgentOnHost {
  readonly agent: GuestAgent;
  /** A directory that every user may enter. */
  readonly directory: string;
}

/** A session with an agent of this machine for the tests of the file that calls this; it must have nothing to say at its end. */
export function agentOnHost({ skip }: { readonly skip: boolean }): AgentOnHost {
  let directory = "";
  let agentProcess: AgentProcess;
  let agent: GuestAgent;

  beforeAll(async () => {
    if (skip) return;
    directory = await mkdtemp(join(tmpdir(), "bootlayer-agent-"));
    await chmod(directory, 0o755);
    agentProcess = startAgent();
    agent = await openAgentSession(agentProcess.connection);
  });

  afterAll(async () => {
    if (skip) return;
    await agent.close();
    expect(await agentProcess.ended).toBe(0);
    expect(agentProcess.messages()).toBe("");
    await rm(directory, { recursive: true });
  });

  return {
    get agent() {
      return agent;
    },
    get directory() {
      return directory;
    },
  };
}
