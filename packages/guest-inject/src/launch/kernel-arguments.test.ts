import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { kernelCommandLine } from "./kernel-arguments.ts";

/** lib/cmdline.c, next_arg, in so many words: blanks end an argument unless a quote is open. */
function nextArguments(line: string): string[] {
  const found: string[] = [];
  let rest = line.trimStart();
  while (rest !== "") {
    let inQuote = rest.startsWith('"');
    const wasQuoted = inQuote;
    if (inQuote) rest = rest.slice(1);
    let end = 0;
    let equals = 0;
    for (; end < rest.length; end++) {
      if (rest[end] === " " && !inQuote) break;
      if (equals === 0 && rest[end] === "=") equals = end;
      if (rest[end] === '"') inQuote = !inQuote;
    }
    const word = rest.slice(0, end);
    const name = equals === 0 ? word : word.slice(0, equals);
    const value = equals === 0 ? undefined : word.slice(equals + 1);
    const unquoted = value?.startsWith('"') ? value.slice(1).replace(/"$/, "") : value;
    const whole = unquoted === undefined ? name : `${name}=${unquoted}`;
    found.push(wasQuoted ? whole.replace(/"$/, "") : whole);
    rest = rest.slice(end).trimStart();
  }
  return found;
}

test("what needs no quotes has none", () => {
  expect(kernelCommandLine(["console=ttyS0", "ro", "init=/sbin/init", "--", "-a"])).toBe(
    "console=ttyS0 ro init=/sbin/init -- -a",
  );
});

test("a value with blanks is quoted, the name is not", () => {
  expect(kernelCommandLine(["dyndbg=file a.c +p"])).toBe('dyndbg="file a.c +p"');
  expect(kernelCommandLine(["two words"])).toBe('"two words"');
});

const printable = fc.stringMatching(/^[ !#-~]{1,30}$/);
property.prop([
  fc.array(
    printable.filter((text) => text.trim() === text && !text.startsWith("=")),
    { maxLength: 8 },
  ),
])("the kernel takes the line apart into what was given", (parameters) => {
  expect(nextArguments(kernelCommandLine(parameters))).toEqual(parameters);
});

test("what cannot be written is refused", () => {
  for (const parameter of ["", 'a="b"', "a\nb", "ä", "a\0"])
    expect(() => kernelCommandLine([parameter])).toThrow(expect.objectContaining({ code: "GUEST_LAUNCH" }));
  expect(() => kernelCommandLine(["x".repeat(1000), "x".repeat(1046)])).not.toThrow();
  expect(() => kernelCommandLine(["x".repeat(1000), "x".repeat(1047)])).toThrow("2048 bytes");
});
