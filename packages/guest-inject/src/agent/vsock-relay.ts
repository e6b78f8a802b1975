import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { readInitBinary } from "../init-binary.ts";

/**
 * A vsock connection by the host's kernel. Node has no AF_VSOCK, so the init's own binary, which is static and runs on any Linux, joins
 * its standard input and output to one.
 *
 * @throws {Error} where the host has none.
 */
export async function dialVsock(cid: number, port: number, signal: AbortSignal): Promise<Duplex> {
  if (process.platform !== "linux") throw new Error("this host's kernel is not Linux: it has no AF_VSOCK");
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-vsock-"));
  try {
    const program = join(directory, "relay");
    const binary = await readInitBinary(process.arch === "arm64" ? "arm64" : "amd64");
    await writeFile(program, binary, { mode: 0o700 });
    signal.throwIfAborted();
    // Loaded here: most who talk to guests never need it.
    const { execa } = await import("execa");
    const relay = execa(program, ["vsock-connect", `${cid}`, `${port}`], {
      env: {},
      extendEnv: false,
      buffer: { stdout: false, stderr: true },
      maxBuffer: 4096,
    });
    relay.catch(() => undefined); // its stream says the same
    const connection = relay.duplex({ binary: true });
    // It may fail before anyone listens, and an error that nobody hears ends the process.
    connection.on("error", () => undefined);
    return connection;
  } finally {
    // It has been executed, and does not need its name any more.
    await rm(directory, { recursive: true, force: true });
  }
}
