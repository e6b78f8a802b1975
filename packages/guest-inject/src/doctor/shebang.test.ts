import { fc, test as property } from "@fast-check/vitest";
import { byteString } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { envProgram, parseShebang, shebangLength, type Shebang } from "./shebang.ts";

const parse = (text: string): Shebang => parseShebang(Buffer.from(text, "latin1"));

test.for([
  ["#!/bin/sh\necho", "/bin/sh", undefined],
  ["#!/bin/sh", "/bin/sh", undefined],
  ["#! \t/bin/sh  \t\n", "/bin/sh", undefined],
  ["#!/bin/sh -e -u \n", "/bin/sh", "-e -u"],
  ["#!/usr/bin/env python3\n", "/usr/bin/env", "python3"],
  ["#!/bin/sh\r\n", "/bin/sh\r", undefined],
  ["#!/bin/sh -e\r\n", "/bin/sh", "-e\r"],
  ["#!/bin/sh\0junk", "/bin/sh", undefined],
] as const)("%j runs %j with %j", ([line, path, argument]) => {
  expect(parse(line)).toEqual({ kind: "interpreter", path, argument });
});

test("a line without a path names no interpreter", () => {
  for (const line of ["#!", "#!\n/bin/sh\n", "#!  \t \n"]) expect(parse(line)).toEqual({ kind: "empty" });
});

test("a file that does not begin with #! has no shebang", () => {
  for (const line of ["", "#", " #!/bin/sh\n", "\ufeff#!/bin/sh\n"])
    expect(parse(Buffer.from(line).toString("latin1"))).toEqual({ kind: "none" });
});

test("a path must end within the 256 bytes that Linux reads; an argument is cut there", () => {
  expect(parse(`#!/${"x".repeat(300)}\n`)).toEqual({ kind: "too-long" });
  expect(parse(`#!/${"x".repeat(252)}\n`)).toMatchObject({ kind: "interpreter" });
  const cut = parse(`#!/bin/sh ${"y".repeat(300)}\n`);
  expect(cut).toMatchObject({ kind: "interpreter", argument: "y".repeat(shebangLength - 10) });
});

property.prop([fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.concat([Buffer.from("#!"), bytes]))])(
  "whatever follows, a path has no blank, line end or NUL",
  (bytes) => {
    const answer = parseShebang(bytes);
    expect(answer.kind).not.toBe("none");
    if (answer.kind === "interpreter") expect(answer.path).toMatch(/^[^ \t\n\0]+$/);
  },
);

test.for([
  ["python3", { kind: "program", name: "python3" }],
  ["python3 -u", { kind: "joined", name: "python3 -u" }],
  ["-S python3 -u", { kind: "program", name: "python3" }],
  ["-vS python3 -u", { kind: "program", name: "python3" }],
  ["--split-string=python3 -u", { kind: "program", name: "python3" }],
  ["-S LANG=C python3", { kind: "program", name: "python3" }],
  ["-S -i python3", { kind: "unknown" }],
  ["-S 'python3'", { kind: "unknown" }],
  ["-i", { kind: "unknown" }],
  ["LANG=C", { kind: "unknown" }],
] as const)("env with the argument %j looks for %j", ([argument, program]) => {
  expect(envProgram(byteString(argument))).toEqual(program);
});
