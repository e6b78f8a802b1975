import { expect, test } from "vitest";
import { parseConsoleMark } from "./console-mark.ts";
import { markReport } from "./mark-report.ts";
import type { BootOutcome } from "./boot-options.ts";

function outcomeOf(...lines: readonly string[]): BootOutcome {
  const report = markReport(performance.now());
  for (const line of lines) {
    const mark = parseConsoleMark(`bootlayer: ${line}`);
    if (mark) report.take(mark);
  }
  return report.outcome("tcg");
}

test("the last exit counts: the program may print such lines, the init speaks after it", () => {
  expect(outcomeOf("exit 0", "start 1", "exit 137 signal 9 oom")).toMatchObject({
    exitCode: 137,
    signal: 9,
    outOfMemory: true,
  });
});

test("the first start counts, and the first failure", () => {
  expect(outcomeOf("start 0.5", "start 7", "failed a", "failed b", "exit 127")).toMatchObject({
    startSeconds: 0.5,
    failure: "a",
    exitCode: 127,
  });
});

test("a guest that says nothing has no exit code", () => {
  expect(outcomeOf()).toMatchObject({ exitCode: undefined, startSeconds: undefined, warnings: [] });
});

test("warnings are kept in order, and not without end", () => {
  const { warnings } = outcomeOf(...Array.from({ length: 200 }, (_, n) => `warning ${n}`));
  expect(warnings).toHaveLength(100);
  expect(warnings[1]).toBe("1");
});
