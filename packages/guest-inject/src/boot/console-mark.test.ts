import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { parseConsoleMark } from "./console-mark.ts";

test.for([
  ["bootlayer: start 0.412", { kind: "start", seconds: 0.412 }],
  ["bootlayer: start 12", { kind: "start", seconds: 12 }],
  ["bootlayer: agent vsock 1024", { kind: "agent", transport: "vsock", address: "1024" }],
  [
    "bootlayer: agent serial bootlayer.agent",
    { kind: "agent", transport: "serial", address: "bootlayer.agent" },
  ],
  ["bootlayer: exit 3", { kind: "exit", code: 3, signal: undefined, outOfMemory: false }],
  ["bootlayer: exit 143 signal 15", { kind: "exit", code: 143, signal: 15, outOfMemory: false }],
  ["bootlayer: exit 137 signal 9 oom", { kind: "exit", code: 137, signal: 9, outOfMemory: true }],
  ["bootlayer: failed execve /app: No such file", { kind: "failed", reason: "execve /app: No such file" }],
  ["bootlayer: warning no  network", { kind: "warning", text: "no  network" }],
] as const)("%s", ([line, mark]) => {
  expect(parseConsoleMark(line)).toEqual(mark);
});

test.for([
  "",
  "bootlayer:",
  "bootlayer: ",
  "bootlayer: exit",
  "bootlayer: exit x",
  "bootlayer: exit -1",
  "bootlayer: exit 256",
  "bootlayer: exit 3 ",
  "bootlayer: exit 3 signal",
  "bootlayer: exit 137 oom",
  "bootlayer: exit 3 and more",
  "bootlayer: start soon",
  "bootlayer: start 1e3",
  "bootlayer: start 99999999999999999999",
  "bootlayer: agent vsock",
  "bootlayer: agent vsock 1 2",
  "bootlayer: failed",
  "bootlayer: sing",
  " bootlayer: exit 3",
  "Bootlayer: exit 3",
  "[    1.2] bootlayer: exit 3",
])("%j is no mark", (line) => {
  expect(parseConsoleMark(line)).toBeUndefined();
});

property.prop([
  fc.constantFrom("start", "agent", "exit", "failed", "warning"),
  fc.string({ unit: "binary" }),
])("whatever follows, there is a mark within its bounds or none", (word, text) => {
  const mark = parseConsoleMark(`bootlayer: ${word} ${text}`);
  if (mark?.kind === "exit") expect(mark.code).toBeLessThan(256);
  if (mark?.kind === "start") expect(Number.isFinite(mark.seconds)).toBe(true);
});
