import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { frame, refusalOf, STATUS } from "./agent-fixtures.ts";
import type { AgentAddress } from "../src/agent/address.ts";
import { connectAgent } from "../src/agent/connect-agent.ts";
import { dialVsock } from "../src/agent/vsock-relay.ts";

let directory: string;
let count = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-connect-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

/** A Unix socket whose every connection is served so; and where it is. */
async function listen(serve: (socket: Socket) => void): Promise<AsyncDisposable & { readonly path: string }> {
  const path = join(directory, `${count++}.sock`);
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Plays the agent from here on: an opening, a status. */
function serveAgent(socket: Socket): void {
  let bytes = Buffer.alloc(0);
  let isOpen = false;
  socket.on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (!isOpen && bytes.length >= 24) {
      socket.write(bytes.subarray(0, 24));
      bytes = bytes.subarray(24);
      isOpen = true;
    }
    if (isOpen && bytes.length >= 12) {
      socket.write(frame(2, bytes.readUInt32LE(4), STATUS));
      bytes = bytes.subarray(12);
    }
  });
}

const brief = { timeoutMilliseconds: 300 };

describe("a monitor's handshake", () => {
  test.each([
    ["in one piece", ["OK 1073741824\n"]],
    ["byte by byte", ["O", "K", " ", "7", "\n"]],
  ])("may come %s", async (_, pieces) => {
    await using monitor = await listen((socket) => {
      socket.once("data", (line) => {
        expect(line.toString()).toBe("CONNECT 52\n");
        const rest = [...pieces];
        const next = (): void => {
          const piece = rest.shift();
          if (piece === undefined) serveAgent(socket);
          else socket.write(piece, () => setImmediate(next));
        };
        next();
      });
    });
    await using agent = await connectAgent(`firecracker:${monitor.path}:52`);
    expect(await agent.status()).toMatchObject({ hostname: "guest" });
  });

  test("may have the agent's first bytes behind it", async () => {
    await using monitor = await listen((socket) => {
      socket.once("data", () => {
        socket.write(Buffer.concat([Buffer.from("OK 1\n"), Buffer.from("what the host before left")]));
        serveAgent(socket);
      });
    });
    await using agent = await connectAgent({ kind: "cloud-hypervisor", path: monitor.path, port: 1024 });
    expect(await agent.status()).toMatchObject({ hostname: "guest" });
  });

  test.each<[string, string, RegExp]>([
    ["refuses", "", /nothing in the guest listens on port 1024/],
    [
      "says something else",
      "HTTP/1.1 400 Bad Request\r\n",
      /answered "HTTP\/1\.1 400 Bad Request\\r", not OK/,
    ],
    ["never ends its line", "O".repeat(1000), /answered "O{64}", not OK/],
    ["says OK to nothing", "OK \n", /answered "OK ", not OK/],
  ])("that %s is tried again, and told at last", async (_, answer, message) => {
    let connections = 0;
    await using monitor = await listen((socket) => {
      connections++;
      socket.once("data", () => socket.end(answer));
    });
    const connecting = connectAgent(`firecracker:${monitor.path}`, { timeoutMilliseconds: 1000 });
    await expect(connecting).rejects.toThrow(message);
    await expect(connecting).rejects.toHaveProperty("code", "GUEST_AGENT_UNREACHABLE");
    expect(connections).toBeGreaterThan(1);
  });

  test("that never comes ends with the time", async () => {
    await using monitor = await listen(() => undefined);
    const connecting = connectAgent(`firecracker:${monitor.path}`, brief);
    await expect(connecting).rejects.toThrow(/1 attempt in 0.3 s, the last: connected, but no answer came/);
  });
});

describe("connecting", () => {
  test("tries again while nobody listens, and while who listens hangs up", async () => {
    let connections = 0;
    await using monitor = await listen((socket) => {
      if (++connections < 3) socket.destroy();
      else serveAgent(socket);
    });
    await using agent = await connectAgent(`unix:${monitor.path}`);
    expect(await agent.status()).toBeDefined();
    expect(connections).toBe(3);
  });

  test("names the address and the last reason when the time is over", async () => {
    const path = join(directory, "nobody.sock");
    const connecting = connectAgent(`unix:${path}`, brief);
    await expect(connecting).rejects.toThrow(
      /no agent answers at unix:.*nobody\.sock: \d attempts? in 0\.3 s, .*ENOENT/,
    );
    await expect(connecting).rejects.toHaveProperty("code", "GUEST_AGENT_UNREACHABLE");
  });

  test("ends with its signal's reason", async () => {
    await using monitor = await listen(() => undefined);
    const stop = new AbortController();
    const connecting = connectAgent(`unix:${monitor.path}`, { signal: stop.signal });
    setImmediate(() => stop.abort(new Error("enough")));
    await expect(connecting).rejects.toThrow("enough");
    const signal = AbortSignal.abort(new Error("never"));
    await expect(connectAgent(`unix:${monitor.path}`, { signal })).rejects.toThrow("never");
  });

  test("does not try again where a guest talks nonsense or refuses", async () => {
    let connections = 0;
    await using nonsense = await listen((socket) => {
      connections++;
      socket.once("data", (opening) =>
        socket.end(Buffer.concat([opening.subarray(0, 24), Buffer.alloc(12, 9)])),
      );
    });
    expect(await refusalOf(connectAgent(`unix:${nonsense.path}`))).toBe("GUEST_AGENT_PROTOCOL");
    await using full = await listen((socket) => {
      connections++;
      const refusal = frame(16, 0, "code limit\nmessage full\n");
      socket.once("data", (opening) => socket.end(Buffer.concat([opening.subarray(0, 24), refusal])));
    });
    expect(await refusalOf(connectAgent(`unix:${full.path}`))).toBe("GUEST_AGENT_REFUSED limit");
    expect(connections).toBe(2);
  });

  test.each<AgentAddress>([
    { kind: "unix", path: "" },
    { kind: "unix", path: "/a\0b" },
    { kind: "firecracker", path: "/a", port: -1 },
    { kind: "vsock", cid: 1.5, port: 1 },
    { kind: "vsock", cid: 3, port: Number.NaN },
  ])("refuses %o at once", async (address) => {
    expect(await refusalOf(connectAgent(address))).toBe("GUEST_AGENT_ADDRESS");
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
    "for %s ms is refused",
    async (time) => {
      expect(await refusalOf(connectAgent("vsock:3", { timeoutMilliseconds: time }))).toBe(
        "GUEST_AGENT_REQUEST",
      );
    },
  );

  test("over a vsock that this host does not have is unreachable, with the kernel's reason", async () => {
    // No guest has this context identifier; where the host has no vsock at all, it says that instead.
    await expect(connectAgent("vsock:4294967293", { timeoutMilliseconds: 600 })).rejects.toHaveProperty(
      "code",
      "GUEST_AGENT_UNREACHABLE",
    );
  });

  test("over a vsock may fail before anybody listens, and ends no process by that", async () => {
    const connection = await dialVsock(4_294_967_293, 1, AbortSignal.timeout(10_000));
    while (!connection.destroyed) await sleep(10);
    await sleep(10);
    expect(connection.errored).toBeInstanceOf(Error);
  });
});
