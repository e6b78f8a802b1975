import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** A server in a process of its own, as a person starts it. */
export interface ServerProcess {
  readonly url: string;
  /** SIGKILL: as when the machine fails. There is no exit code then. */
  kill(): Promise<number | null>;
  /** SIGTERM, and its exit code. */
  end(): Promise<number | null>;
}

const main = join(import.meta.dirname, "../src/main.ts");

/** Waits until it answers. @throws {Error} with what it said, where it ends instead. */
export async function startServerProcess(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const child = spawn(process.execPath, ["--conditions=@bootlayer/source", main, ...flags], {
    env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const url = await addressOf(child);
  const exited = once(child, "exit") as Promise<[number | null]>;
  return {
    url,
    async kill() {
      child.kill("SIGKILL");
      return (await exited)[0];
    },
    async end() {
      child.kill("SIGTERM");
      return (await exited)[0];
    },
  };
}

async function addressOf(child: ChildProcess): Promise<string> {
  return await new Promise((resolve, reject) => {
    let [said, complaints] = ["", ""];
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const [, url] = /^bootlayer-server: (http\S+)$/m.exec(said) ?? [];
      if (url !== undefined) resolve(url);
    });
    child.stderr?.on("data", (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-4000)));
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${said}${complaints}`)));
  });
}
