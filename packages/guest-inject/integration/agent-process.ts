import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, Socket } from "node:net";
import { join } from "node:path";

/** The init's binary for this machine. */
export const initBinary: string = join(
  import.meta.dirname,
  "..",
  "init",
  `bootlayer-init-${process.arch === "arm64" ? "arm64" : "amd64"}`,
);

export interface AgentProcess extends AsyncDisposable {
  readonly connection: Socket;
  readonly child: ChildProcess;
  /** What it wrote to its standard error. */
  messages(): string;
  /** Its exit code, or the signal that killed it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** `agent --stdio` as a process of this machine; its standard input and output are one socket, as a super-server gives it. */
export function startAgent(command: readonly string[] = [initBinary, "agent", "--stdio"]): AgentProcess {
  const child = spawn("sh", ["-c", 'exec "$@" <&3 >&3 3>&-', "sh", ...command], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  const connection = child.stdio[3];
  if (!(connection instanceof Socket) || !child.stderr) throw new Error("it has no socket");
  let messages = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (messages += text));
  connection.on("error", () => undefined);
  const ended = once(child, "exit").then(() => child.signalCode ?? child.exitCode);
  return {
    connection,
    child,
    messages: () => messages,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

export interface FakeMonitor extends AsyncDisposable {
  /** As the first line of each connection asked. */
  readonly requests: readonly string[];
}

/**
 * A VMM's Unix socket: each connection leads to an agent of its own. With a port, it must first ask for it as Firecracker and Cloud
 * Hypervisor want it; without, it is a chardev's.
 */
export async function fakeMonitor(path: string, port?: number): Promise<FakeMonitor> {
  const requests: string[] = [];
  const agents: AgentProcess[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    const join = (): void => {
      const agent = startAgent();
      agents.push(agent);
      if (port !== undefined) socket.write("OK 1073741824\n");
      socket.pipe(agent.connection).pipe(socket);
      socket.on("close", () => agent.connection.destroy());
    };
    if (port === undefined) return join();
    socket.once("data", (line) => {
      requests.push(line.toString("latin1"));
      if (requests.at(-1) === `CONNECT ${port}\n`) join();
      else socket.destroy();
    });
  });
  server.listen(path);
  await once(server, "listening");
  return {
    requests,
    async [Symbol.asyncDispose]() {
      server.close();
      await Promise.all(agents.map((agent) => agent[Symbol.asyncDispose]()));
    },
  };
}
