import { describe, expect, test } from "vitest";
import { encodeExec, encodeGet, encodePut, encodeSize, signalNumber, type ExecRequest } from "./requests.ts";

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

const refused = expect.objectContaining({ code: "GUEST_AGENT_REQUEST" });

test("an exec is the records of the protocol's table, with every byte of its arguments", () => {
  const request: ExecRequest = {
    argv: ["sh", "-c", "echo ä\n", new Uint8Array([0xff, 0x5c]), ""],
    env: { A: "1 2", EMPTY: "" },
    cwd: "/srv",
    terminal: { rows: 24, columns: 80 },
    stdin: true,
  };
  const identity = { uid: 1000, gid: 1001, groups: [5, 6] };
  expect(text(encodeExec(request, identity))).toBe(
    String.raw`argv sh
argv -c
argv echo\x20\xc3\xa4\x0a
argv \xff\x5c
argv \e
env A=1\x202
env EMPTY=
cwd /srv
user 1000 1001
group 5
group 6
terminal 24 80
stdin
`,
  );
});

test("a put says mode and owner even where they are the usual ones", () => {
  expect(text(encodePut("/a b", 5, { mode: 0o4755, uid: 1, gid: 2, parents: true }))).toBe(
    String.raw`path /a\x20b
size 5
user 1 2
mode 4755
parents
`,
  );
  expect(text(encodePut("/a", 0, {}))).toBe("path /a\nsize 0\nuser 0 0\nmode 644\n");
});

test("a size is rows and columns of 16 bits", () => {
  expect(Buffer.from(encodeSize({ rows: 50, columns: 0x0102 })).toString("hex")).toBe("32000201");
});

describe("what cannot be asked is refused before anything is sent:", () => {
  test.each<[string, ExecRequest]>([
    ["no program", { argv: [] }],
    ["NUL in an argument", { argv: ["a\0b"] }],
    ["NUL in a variable", { argv: ["a"], env: { A: "\0" } }],
    ["NUL in a variable's name", { argv: ["a"], env: { "A\0": "" } }],
    ["an empty variable name", { argv: ["a"], env: { "": "x" } }],
    ["a variable name with =", { argv: ["a"], env: { "A=B": "x" } }],
    ["NUL in a directory", { argv: ["a"], cwd: "/\0" }],
    ["a terminal of -1 rows", { argv: ["a"], terminal: { rows: -1, columns: 80 } }],
    ["a terminal of half columns", { argv: ["a"], terminal: { rows: 24, columns: 79.5 } }],
    ["arguments of more than a frame", { argv: ["a", "b".repeat(65_536)] }],
  ])("%s", (_, request) => {
    expect(() => encodeExec(request, undefined)).toThrow(refused);
  });

  test.each([-1, 1.5, Number.NaN, 4_294_967_295])("uid %s", (uid) => {
    expect(() => encodeExec({ argv: ["a"] }, { uid, gid: 0 })).toThrow(refused);
    expect(() => encodeExec({ argv: ["a"] }, { uid: 0, gid: 0, groups: [uid] })).toThrow(refused);
    expect(() => encodePut("/a", 1, { uid })).toThrow(refused);
  });

  test.each([-1, 0.5, 2 ** 53, Number.POSITIVE_INFINITY])("a put of %s bytes", (size) => {
    expect(() => encodePut("/a", size, {})).toThrow(refused);
  });

  test("mode 010000, and NUL in a path", () => {
    expect(() => encodePut("/a", 1, { mode: 0o10000 })).toThrow(refused);
    expect(() => encodeGet("/a\0")).toThrow(refused);
  });

  test.each([0, -9, 65, 1.5, Number.NaN])("signal %s", (number) => {
    expect(() => signalNumber(number)).toThrow(refused);
  });
});
