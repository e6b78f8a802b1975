import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { once } from "node:events";
import type { AgentAddress } from "./address.ts";
import { dialVsock } from "./vsock-relay.ts";

/** The VMM's answer is `OK` and a number; what is longer is no VMM. */
const maxAnswer = 64;

/**
 * Connects to where an agent may listen.
 *
 * @throws {Error} with the system's reason, or the VMM's; the reason of `signal`.
 */
export async function dial(address: AgentAddress, signal: AbortSignal): Promise<Duplex> {
  switch (address.kind) {
    case "unix":
      return dialUnix(address.path, signal);
    case "firecracker":
    case "cloud-hypervisor": {
      const socket = await dialUnix(address.path, signal);
      return throughVmm(socket, address.port, signal);
    }
    case "vsock":
      return dialVsock(address.cid, address.port, signal);
  }
}

async function dialUnix(path: string, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ path });
  try {
    await once(socket, "connect", { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? signal.reason : error;
  }
}

/**
 * Both VMMs take `CONNECT PORT\n` and answer `OK HOST_PORT\n` when the guest has accepted; when it has not, they close (Firecracker,
 * docs/vsock.md, "Host-Initiated Connections"; Cloud Hypervisor, docs/vsock.md).
 */
async function throughVmm(socket: Socket, port: number, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let answer = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    answer = Buffer.concat([answer, chunk]);
    const end = answer.indexOf("\n");
    if (end < 0 && answer.length <= maxAnswer) return;
    const line = answer.toString("latin1", 0, end < 0 ? maxAnswer : end);
    if (end < 0 || !/^OK \d+$/.test(line)) {
      reject(new Error(`the VMM answered ${JSON.stringify(line)}, not OK`));
      return;
    }
    socket.pause();
    if (end + 1 < answer.length) socket.unshift(answer.subarray(end + 1));
    resolve();
  };
  const closed = (): void => reject(new Error(`nothing in the guest listens on port ${port}`));
  const abort = (): void => reject(signal.reason);
  socket.on("data", take).on("error", reject).on("close", closed).on("end", closed);
  signal.addEventListener("abort", abort, { once: true });
  socket.write(`CONNECT ${port}\n`);
  try {
    await promise;
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    socket.off("data", take).off("error", reject).off("close", closed).off("end", closed);
    socket.on("error", () => undefined);
    signal.removeEventListener("abort", abort);
  }
}
