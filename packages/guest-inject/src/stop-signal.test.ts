import { fc, test as property } from "@fast-check/vitest";
import { constants } from "node:os";
import { expect, test } from "vitest";
import { parseSignal } from "./stop-signal.ts";

test.for([
  ["SIGTERM", 15],
  ["term", 15],
  ["SIGQUIT", 3],
  ["9", 9],
  ["64", 64],
  ["RTMIN", 34],
  ["SIGRTMIN+3", 37],
  ["RTMAX-1", 63],
  ["sigrtmax", 64],
  ["0", undefined],
  ["65", undefined],
  ["", undefined],
  ["SIG", undefined],
  ["RTMIN-1", undefined],
  ["RTMIN+31", undefined],
  ["RTMAX-31", undefined],
  ["TERM ", undefined],
  ["-9", undefined],
  ["1e1", undefined],
] as const)("%j is %j", ([text, number]) => {
  expect(parseSignal(text)).toBe(number);
});

test.runIf(process.platform === "linux")("every signal of this system has its number", () => {
  for (const [name, number] of Object.entries(constants.signals))
    expect([name, parseSignal(name)]).toEqual([name, number]);
});

property.prop([fc.string({ maxLength: 12 })])("any text is a signal from 1 to 64 or none", (text) => {
  const number = parseSignal(text);
  expect(number === undefined || (Number.isInteger(number) && number >= 1 && number <= 64)).toBe(true);
});
