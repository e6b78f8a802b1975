import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { codeThrownBy, STATUS, uint32s } from "../../integration/agent-fixtures.ts";
import { decodeDone, decodeError, decodeExited, decodeFile, decodeStarted, decodeStatus } from "./replies.ts";

const decoders = {
  decodeDone,
  decodeError: (bytes: Buffer) => decodeError(bytes, "get"),
  decodeExited,
  decodeFile,
  decodeStarted,
  decodeStatus,
};

const words =
  "agent protocol state pid exit signal oom uptime started hostname kernel mode user size modified code message";
const line = fc
  .tuple(
    fc.constantFrom(...words.split(" ")),
    fc.array(fc.oneof(fc.stringMatching(/^[!-~]{1,12}$/), fc.constantFrom("1", "running", "exited", "io")), {
      maxLength: 3,
    }),
  )
  .map((record) => `${record.flat().join(" ")}\n`);
const almostRecords = fc.array(line, { maxLength: 14 }).map((lines) => Buffer.from(lines.join("")));

test.each(Object.entries(decoders))("%s gives a value or a typed error for any payload", (_, decode) => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), almostRecords), (bytes) => {
      expect(codeThrownBy(() => decode(Buffer.from(bytes)))).toMatch(/^(none|GUEST_AGENT_PROTOCOL)$/);
    }),
    { numRuns: 500 },
  );
});

test("a status tells what runs, and passes over records of a later agent", () => {
  const text = STATUS.replace("unmanaged", String.raw`running\npid 33\nstarted 412\nweather fine`);
  expect(decodeStatus(Buffer.from(text.replaceAll(String.raw`\n`, "\n")))).toEqual({
    agentVersion: "0.1.0",
    program: { state: "running", pid: 33 },
    uptimeMilliseconds: 5000,
    startedMilliseconds: 412,
    hostname: "guest",
    kernel: "6.1.0",
  });
});

test("an ended main program has its code, its signal and what killed it", () => {
  const text = STATUS.replace("unmanaged", "exited\nexit 137\nsignal 9\noom");
  expect(decodeStatus(Buffer.from(text)).program).toEqual({
    state: "exited",
    exit: { code: 137, signal: 9, outOfMemory: true },
  });
});

test("another version of the protocol is named, whatever else the status holds", () => {
  expect(() => decodeStatus(Buffer.from("protocol 2\nfeeling well\n"))).toThrow(
    expect.objectContaining({
      code: "GUEST_AGENT_PROTOCOL",
      message: expect.stringContaining("speaks version 2"),
    }),
  );
});

test.each([
  ["no kernel", STATUS.replace(/kernel.*\n/, "")],
  ["a state that nobody knows", STATUS.replace("unmanaged", "asleep")],
  ["a running program without pid", STATUS.replace("unmanaged", "running")],
  ["a negative uptime", STATUS.replace("5000", "-5000")],
  ["an uptime beyond counting", STATUS.replace("5000", "9007199254740992")],
  ["an uptime that is no decimal number", STATUS.replace("5000", "0x10")],
])("a status with %s means nothing", (_, text) => {
  expect(() => decodeStatus(Buffer.from(text))).toThrow(
    expect.objectContaining({ code: "GUEST_AGENT_PROTOCOL" }),
  );
});

test("an end has a code, a signal or none, and a flag", () => {
  expect(decodeExited(uint32s(3, 0, 0))).toEqual({ code: 3, signal: undefined, outOfMemory: false });
  expect(decodeExited(uint32s(137, 9, 1))).toEqual({ code: 137, signal: 9, outOfMemory: true });
});

test("a file has its mode in octal, its owner, its size and its time", () => {
  expect(
    decodeFile(Buffer.from("mode 4755\nuser 1000 4294967295\nsize 6\nmodified 1700000000 999999999\n")),
  ).toEqual({
    mode: 0o4755,
    uid: 1000,
    gid: 0xffff_ffff,
    size: 6,
    modified: { seconds: 1_700_000_000, nanoseconds: 999_999_999 },
  });
});

test.each(["mode 0x1ff", "mode 10000", "user 1", "user 4294967296 0", "modified 1 1000000000"])(
  "a file with %s means nothing",
  (wrong) => {
    const [name = ""] = wrong.split(" ");
    const good = "mode 644\nuser 0 0\nsize 1\nmodified 1 1\n";
    const text = good.replace(new RegExp(`${name} .*`), wrong);
    expect(() => decodeFile(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: "GUEST_AGENT_PROTOCOL" }),
    );
  },
);

test("a refusal is told with the guest's reason, which cannot forge lines or drive a terminal", () => {
  const error = decodeError(
    Buffer.from(String.raw`code not-found${"\n"}message a\x1b[2Jb\x0ac` + "\n"),
    "get x",
  );
  expect(error).toMatchObject({ code: "GUEST_AGENT_REFUSED", refusal: "not-found" });
  expect(error.message).toBe(String.raw`get x: the guest's agent refused (not-found): a\x1b[2Jb\x0ac`);
});

test("a refusal with a reason that the protocol does not have means nothing", () => {
  expect(() => decodeError(Buffer.from("code tired\nmessage x\n"), "get")).toThrow(
    expect.objectContaining({ code: "GUEST_AGENT_PROTOCOL" }),
  );
});
