import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { guestConsole, type GuestConsole } from "./guest-console.ts";

function consoleAfter(...lines: readonly string[]): GuestConsole {
  const console = guestConsole();
  console.take(Buffer.from(lines.map((line) => `${line}\r\n`).join("")));
  return console;
}

property.prop([fc.array(fc.nat(80), { maxLength: 8 })])(
  "marks are found however the bytes come in",
  (cuts) => {
    const bytes = Buffer.from(
      "hello\r\nbootlayer: start 0.5\r\nx bootlayer: exit 1\r\nbootlayer: exit 3\r\n",
    );
    const console = guestConsole();
    const places = [...cuts.toSorted((a, b) => a - b), bytes.length];
    const marks = places.flatMap((end, index) => console.take(bytes.subarray(places[index - 1] ?? 0, end)));
    expect(marks.map(({ kind }) => kind)).toEqual(["start", "exit"]);
  },
);

test("a mark without its line's end is not one yet", () => {
  const console = guestConsole();
  expect(console.take(Buffer.from("bootlayer: exit 1"))).toEqual([]);
  expect(console.take(Buffer.from("37 signal 9\r\n"))).toMatchObject([{ kind: "exit", code: 137 }]);
});

test.for([
  "Kernel panic - not syncing: no init",
  "[    2.263951] Kernel panic - not syncing: no init",
  "[    2.263951][    T1] Kernel panic - not syncing: no init",
])("a panic is recognised: %s", (line) => {
  const console = consoleAfter("before", line, "[    2.3] Call Trace:");
  expect(console.panic()).toBe("no init");
  expect(console.isStopped()).toBe(true);
  expect(console.lastLines()).toContain("before");
  expect(console.lastLines()).not.toContain("Call Trace");
});

test("what only speaks of a panic is none", () => {
  const console = consoleAfter("he said: Kernel panic - not syncing: no init", "reboot: Power down");
  expect(console.panic()).toBeUndefined();
  expect(console.isStopped()).toBe(false);
});

test("a halted machine is recognised", () => {
  expect(consoleAfter("[    9.1] reboot: System halted").isStopped()).toBe(true);
});

test("a console is silent until the first byte", () => {
  const console = guestConsole();
  console.take(Buffer.alloc(0));
  expect(console.isSilent()).toBe(true);
  console.take(Buffer.from("x"));
  expect(console.isSilent()).toBe(false);
});

test("the last lines are bounded, and cannot do anything to a terminal", () => {
  const shown = consoleAfter(
    ...Array.from({ length: 100 }, (_, n) => `${n} \u001b[2J${"y".repeat(9000)}`),
  ).lastLines();
  expect(shown.split("\n")).toHaveLength(15);
  expect(shown).toContain("99 ");
  expect(shown.length).toBeLessThan(15 * 300);
  // oxlint-disable-next-line no-control-regex
  expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
});
