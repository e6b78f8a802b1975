import { setImmediate as turn } from "node:timers/promises";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test, vi } from "vitest";
import {
  cut,
  fakeAgent,
  frame,
  readAll,
  refusalOf,
  STATUS,
  uint32s,
  type FakeAgent,
} from "../../integration/agent-fixtures.ts";
import { openAgentSession, type GuestAgent } from "./guest-agent.ts";

async function openWith(guest: FakeAgent): Promise<GuestAgent> {
  const [agent] = await Promise.all([openAgentSession(guest.connection), guest.open()]);
  return agent;
}

async function session(): Promise<{ guest: FakeAgent; agent: GuestAgent }> {
  const guest = fakeAgent();
  return { guest, agent: await openWith(guest) };
}

describe("an opening", () => {
  test("is answered by its own bytes; what was left over from somebody else is dropped", async () => {
    const guest = fakeAgent();
    guest.send(Buffer.from("BLAGENT1 is not the answer yet"), frame(2, 1, "leftover"));
    const agent = await openWith(guest);
    const waiting = agent.wait();
    const { stream } = await guest.frame();
    guest.send(frame(7, stream, uint32s(3, 0, 0)));
    expect(await waiting).toMatchObject({ code: 3 });
  });

  test("that nobody answers ends with the connection", async () => {
    const guest = fakeAgent();
    const opening = openAgentSession(guest.connection);
    guest.end();
    expect(await refusalOf(opening)).toBe("GUEST_AGENT_LOST");
    expect(guest.connection.destroyed).toBe(true);
  });

  test("that nobody answers ends with its signal's reason", async () => {
    const guest = fakeAgent();
    const stop = new AbortController();
    const opening = openAgentSession(guest.connection, { signal: stop.signal });
    await guest.bytes(24);
    stop.abort(new Error("enough"));
    await expect(opening).rejects.toThrow("enough");
    expect(guest.connection.destroyed).toBe(true);
  });

  test("is given up when the agent answers it and then says nothing", async () => {
    const guest = fakeAgent();
    const stop = new AbortController();
    const opening = openAgentSession(guest.connection, { signal: stop.signal });
    guest.send(await guest.bytes(24));
    await guest.frame();
    stop.abort(new Error("enough"));
    await expect(opening).rejects.toThrow("enough");
  });

  test("meets an agent of another version", async () => {
    const guest = fakeAgent();
    const opening = refusalOf(openAgentSession(guest.connection));
    await guest.open("protocol 2\n");
    expect(await opening).toBe("GUEST_AGENT_PROTOCOL");
  });

  test("meets an agent that has too many sessions", async () => {
    const guest = fakeAgent();
    const opening = refusalOf(openAgentSession(guest.connection));
    guest.send(await guest.bytes(24), frame(16, 0, "code limit\nmessage full\n"));
    guest.end();
    expect(await opening).toBe("GUEST_AGENT_REFUSED limit");
  });

  test("on a serial port is sent again behind bytes that fill up a frame, and only the newest counts", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const guest = fakeAgent();
      const opening = openAgentSession(guest.connection, { isSerial: true });
      const first = await guest.bytes(24);
      await vi.advanceTimersByTimeAsync(1000);
      expect(await guest.bytes(65_548)).toEqual(Buffer.alloc(65_548, 0xff));
      const second = await guest.bytes(24);
      guest.send(first, frame(16, 0, "code protocol\nmessage x\n"), second);
      const { stream } = await guest.frame();
      guest.send(frame(2, stream, STATUS));
      const agent = await opening;
      // No third one comes into the session.
      await vi.advanceTimersByTimeAsync(60_000);
      const asked = agent.status();
      expect(await guest.frame()).toMatchObject({ type: 1 });
      guest.end();
      expect(await refusalOf(asked)).toBe("GUEST_AGENT_LOST");
    } finally {
      vi.useRealTimers();
    }
  });

  property.prop([fc.uint8Array({ maxLength: 600 }), fc.array(fc.nat(80), { maxLength: 20 })])(
    "followed by any bytes at any cuts ends with a typed error",
    async (bytes, cuts) => {
      const guest = fakeAgent();
      const opening = refusalOf(openAgentSession(guest.connection));
      guest.send(await guest.bytes(24));
      for (const piece of cut(bytes, cuts)) {
        guest.send(piece);
        await turn();
      }
      guest.end();
      expect(await opening).toMatch(/^GUEST_AGENT_(PROTOCOL|LOST|REFUSED)/);
    },
  );
});

describe("a guest that talks nonsense loses its connection, and every call of it fails:", () => {
  // The stream that was opened last is 2: 1 was the opening's own status.
  test.each<[string, Buffer]>([
    ["a frame for a stream that nobody opened", frame(14, 77)],
    ["a frame on stream 0 that is no error", frame(2, 0, STATUS)],
    ["a frame that only hosts send", frame(3, 2, "argv sh\n")],
    ["a type that does not exist", frame(200, 2)],
    ["an answer to something else", frame(14, 2)],
    ["an answer without sense", frame(2, 2, "hello")],
    ["a refusal without sense", frame(16, 2, "hello")],
    ["a length beyond the limit", Buffer.from("ffffffff0200000002000000", "hex")],
    ["an opening inside of the session", Buffer.from("BLAGENT1aaaaaaaaaaaaaaaa")],
  ])("%s", async (_, bytes) => {
    const { guest, agent } = await session();
    const calls = [refusalOf(agent.status()), refusalOf(agent.wait())];
    guest.send(bytes);
    expect(await Promise.all(calls)).toEqual(["GUEST_AGENT_PROTOCOL", "GUEST_AGENT_PROTOCOL"]);
    expect(guest.connection.destroyed).toBe(true);
    expect(await refusalOf(agent.status())).toBe("GUEST_AGENT_PROTOCOL");
  });

  test.each<[string, Buffer]>([
    ["an exit before the start", frame(7, 2, uint32s(0, 0, 0))],
    ["output before the start", frame(5, 2, "\u0001x")],
    ["a start of three bytes", frame(4, 2, "abc")],
    ["two starts", Buffer.concat([frame(4, 2, uint32s(7)), frame(4, 2, uint32s(7))])],
    ["output on a third channel", Buffer.concat([frame(4, 2, uint32s(7)), frame(5, 2, "\u0003x")])],
    ["output without a channel", Buffer.concat([frame(4, 2, uint32s(7)), frame(5, 2)])],
    [
      "more output than it had credit for",
      Buffer.concat([
        frame(4, 2, uint32s(7)),
        ...Array<Buffer>(5).fill(frame(5, 2, Buffer.alloc(65_536, 1))),
      ]),
    ],
    [
      "output behind its end",
      Buffer.concat([frame(4, 2, uint32s(7)), frame(5, 2, "\u0001"), frame(5, 2, "\u0001x")]),
    ],
    ["an exit of two numbers", Buffer.concat([frame(4, 2, uint32s(7)), frame(7, 2, uint32s(0, 0))])],
  ])("exec and %s", async (_, bytes) => {
    const { guest, agent } = await session();
    const run = async (): Promise<unknown> => {
      const program = await agent.exec({ argv: ["sh"] });
      return await program.exited;
    };
    const running = refusalOf(run());
    expect(await guest.frame()).toMatchObject({ type: 3, stream: 2 });
    guest.send(bytes);
    expect(await running).toBe("GUEST_AGENT_PROTOCOL");
  });

  test.each<[string, Buffer]>([
    ["an end before the file", frame(14, 2)],
    ["content before the file", frame(5, 2, "\u0001x")],
    ["a file that is none", frame(13, 2, "mode 644\n")],
    ["content on another channel", Buffer.concat([file("1"), frame(5, 2, "\u0002x")])],
    ["two files", Buffer.concat([file("1"), file("1")])],
  ])("get and %s", async (_, bytes) => {
    const { guest, agent } = await session();
    const get = async (): Promise<unknown> => readAll((await agent.get("/f")).content);
    const getting = refusalOf(get());
    expect(await guest.frame()).toMatchObject({ type: 12, stream: 2 });
    guest.send(bytes);
    expect(await getting).toBe("GUEST_AGENT_PROTOCOL");
  });

  test.each<[string, Buffer]>([
    ["done before the content is", frame(14, 2)],
    ["credit for another channel", frame(6, 2, Buffer.of(1, 0, 0, 1, 0))],
    ["credit of three bytes", frame(6, 2, Buffer.of(0, 1, 0))],
  ])("put and %s", async (_, bytes) => {
    const { guest, agent } = await session();
    const putting = refusalOf(agent.put("/f", endless(), { size: 1e9 }));
    expect(await guest.frame()).toMatchObject({ type: 11, stream: 2 });
    guest.send(bytes);
    expect(await putting).toBe("GUEST_AGENT_PROTOCOL");
  });
});

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) yield new Uint8Array(await turn(1000));
}

function file(size: string): Buffer {
  return frame(13, 2, `mode 644\nuser 0 0\nsize ${size}\nmodified 1 1\n`);
}

describe("flow control", () => {
  test("a guest that gives credit without end and reads nothing does not fill this machine's memory", async () => {
    const { guest, agent } = await session();
    let made = 0;
    const content = async function* (): AsyncGenerator<Uint8Array> {
      for (; made < 1e9; made += 50_000) yield new Uint8Array(50_000);
    };
    const putting = refusalOf(agent.put("/f", content(), { size: 1e9 }));
    guest.send(...Array<Buffer>(20).fill(frame(6, 2, Buffer.of(0, 0xff, 0xff, 0xff, 0x7f))));
    for (let round = 0; round < 500; round++) await turn();
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(1e6);
    await agent.close();
    expect(await putting).toBe("GUEST_AGENT_LOST");
  });

  test("a program whose output nobody reads gets no credit, and other calls go on", async () => {
    const { guest, agent } = await session();
    const starting = agent.exec({ argv: ["yes"] });
    await guest.frame();
    guest.send(frame(4, 2, uint32s(7)), ...Array<Buffer>(4).fill(frame(5, 2, Buffer.alloc(65_536, 1))));
    const program = await starting;
    const asked = agent.status();
    // The next frame is the question, not credit.
    expect(await guest.frame()).toMatchObject({ type: 1, stream: 3 });
    guest.send(frame(2, 3, STATUS));
    await asked;
    program.stdout.resume();
    expect(await guest.frame()).toMatchObject({ type: 6, stream: 2 });
  });

  test("input waits for the guest's credit", async () => {
    const { guest, agent } = await session();
    const starting = agent.exec({ argv: ["cat"], stdin: true });
    await guest.frame();
    guest.send(frame(4, 2, uint32s(7)));
    const { stdin } = await starting;
    stdin?.end(Buffer.alloc(300_000, 5));
    let received = 0;
    while (received < 262_144) {
      const { type, payload } = await guest.frame();
      expect([type, payload[0]]).toEqual([5, 0]);
      received += payload.length - 1;
    }
    expect(received).toBe(262_144);
    guest.send(frame(6, 2, Buffer.concat([Buffer.of(0), uint32s(100_000)])));
    expect((await guest.frame()).payload).toHaveLength(1 + 300_000 - 262_144);
    expect((await guest.frame()).payload).toEqual(Buffer.of(0));
  });
});

describe("an abort", () => {
  test("gives up its own call and tells the guest; a late answer is dropped", async () => {
    const { guest, agent } = await session();
    const stop = new AbortController();
    const waiting = agent.wait({ signal: stop.signal });
    await guest.frame();
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    expect(await guest.frame()).toMatchObject({ type: 17, stream: 2 });
    guest.send(frame(7, 2, uint32s(0, 0, 0)));
    const asked = agent.status();
    const { stream } = await guest.frame();
    guest.send(frame(2, stream, STATUS));
    expect(await asked).toMatchObject({ hostname: "guest" });
  });

  test("before a call sends nothing", async () => {
    const { guest, agent } = await session();
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(agent.status({ signal })).rejects.toThrow("enough");
    await expect(agent.exec({ argv: ["sh"] }, { signal })).rejects.toThrow("enough");
    await expect(agent.get("/f", { signal })).rejects.toThrow("enough");
    await expect(agent.put("/f", new Uint8Array(1), { signal })).rejects.toThrow("enough");
    const asked = refusalOf(agent.status());
    expect(await guest.frame()).toMatchObject({ type: 1, stream: 2 });
    guest.end();
    expect(await asked).toBe("GUEST_AGENT_LOST");
  });

  test("of a put lets its source go, also one that has nothing for now", async () => {
    const { guest, agent } = await session();
    const stop = new AbortController();
    let isReleased = false;
    const stuck = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => undefined),
        return: async () => {
          isReleased = true;
          return { done: true as const, value: undefined };
        },
      }),
    };
    const putting = agent.put("/f", stuck, { size: 5, signal: stop.signal });
    await guest.frame();
    stop.abort(new Error("enough"));
    await expect(putting).rejects.toThrow("enough");
    expect(await guest.frame()).toMatchObject({ type: 17, stream: 2 });
    expect(isReleased).toBe(true);
  });
});

describe("a connection that ends", () => {
  test("ends every call, every stream and every exit", async () => {
    const { guest, agent } = await session();
    const starting = agent.exec({ argv: ["cat"], stdin: true });
    await guest.frame();
    guest.send(frame(4, 2, uint32s(7)), frame(5, 2, "\u0001half a li"));
    const program = await starting;
    const output = readAll(program.stdout);
    const waiting = agent.wait();
    await guest.frame();
    guest.end();
    expect(await refusalOf(waiting)).toBe("GUEST_AGENT_LOST");
    expect(await refusalOf(program.exited)).toBe("GUEST_AGENT_LOST");
    expect(await refusalOf(output)).toBe("GUEST_AGENT_LOST");
    expect(program.stdin?.destroyed).toBe(true);
    expect(await refusalOf(agent.exec({ argv: ["sh"] }))).toBe("GUEST_AGENT_LOST");
  });

  test("by this program's own close does so too, and a guest that reads nothing does not hold it up", async () => {
    const { guest, agent } = await session();
    const waiting = refusalOf(agent.wait());
    const content = new Uint8Array(1e6);
    const putting = refusalOf(agent.put("/f", content));
    await turn();
    await agent.close();
    expect([await waiting, await putting]).toEqual(["GUEST_AGENT_LOST", "GUEST_AGENT_LOST"]);
    expect(guest.connection.destroyed).toBe(true);
    await agent.close();
  });
});

async function* abc(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("abc");
}

test("a put of content of another size than was said is given up", async () => {
  const { guest, agent } = await session();
  expect(await refusalOf(agent.put("/f", abc()))).toBe("GUEST_AGENT_REQUEST");
  expect(await refusalOf(agent.put("/f", Buffer.from("abc"), { size: 4 }))).toBe("GUEST_AGENT_REQUEST");
  for (const size of [2, 4]) {
    expect(await refusalOf(agent.put("/f", abc(), { size }))).toBe("GUEST_AGENT_REQUEST");
    expect(await guest.frame()).toMatchObject({ type: 11 });
    let next = await guest.frame();
    if (next.type === 5) next = await guest.frame();
    expect(next).toMatchObject({ type: 17 });
  }
});

test("a signal for a main program that does not run is refused here, for the agent would drop it", async () => {
  const { guest, agent } = await session();
  const signalling = refusalOf(agent.signal(15));
  const { stream } = await guest.frame();
  guest.send(frame(2, stream, STATUS));
  expect(await signalling).toBe("GUEST_AGENT_REFUSED unsupported");
});

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("a");
  throw new Error("the disk is gone");
}

test("a source that fails is the put's own error", async () => {
  const { guest, agent } = await session();
  await expect(agent.put("/f", failing(), { size: 5 })).rejects.toThrow("the disk is gone");
  expect([(await guest.frame()).type, (await guest.frame()).type, (await guest.frame()).type]).toEqual([
    11, 5, 17,
  ]);
});
