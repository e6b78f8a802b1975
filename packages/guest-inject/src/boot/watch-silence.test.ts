import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hasRunGuest, processTimes } from "./watch-silence.ts";

test.for([
  ["a spin in the host's kernel", { busy: 4.97, guest: 0 }, false],
  ["a spin that is counted as the guest's now and then", { busy: 4.97, guest: 0.2 }, false],
  ["a QEMU that waits for something", { busy: 0.04, guest: 0 }, false],
  ["a guest that computes", { busy: 4.9, guest: 4.5 }, true],
  ["a guest under nested KVM, whose exits cost more than it does", { busy: 4.9, guest: 0.9 }, true],
  ["a guest that has booted and waits", { busy: 0.6, guest: 0.3 }, true],
] as const)("%s: %j", ([, times, isRun]) => {
  expect(hasRunGuest(times)).toBe(isRun);
});

test("the times of a process are those that the system counts for it", () => {
  for (const until = performance.now() + 50; performance.now() < until;);
  const stat = readFileSync("/proc/self/stat", "latin1");
  const [, utime = "", stime = ""] = /\) \S(?: \S+){10} (\d+) (\d+) /.exec(stat) ?? [];
  const { busy, guest } = processTimes(process.pid);
  expect(busy).toBeGreaterThanOrEqual((Number(utime) + Number(stime)) / 100);
  expect(busy).toBeGreaterThan(0);
  expect(guest).toBe(0);
});

test("a process that is gone has none", () => {
  expect(processTimes(2 ** 30)).toEqual({ busy: 0, guest: 0 });
  expect(processTimes(undefined)).toEqual({ busy: 0, guest: 0 });
});
