import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { elf } from "../../integration/doctor-fixtures.ts";
import { elfArchitecture, parseElf, type ElfAnswer } from "./elf.ts";

const parse = (file: Uint8Array): ElfAnswer => parseElf(file, file.length);

test.for([
  [{ machine: 62 }, "amd64"],
  [{ machine: 183 }, "arm64"],
  [{ machine: 40, bits: 32 }, "arm"],
  [{ machine: 3, bits: 32 }, "386"],
  [{ machine: 22, big: true }, "s390x"],
  [{ machine: 21 }, "ppc64le"],
  [{ machine: 21, big: true }, "ppc64"],
  [{ machine: 243 }, "riscv64"],
  [{ machine: 8, bits: 32, big: true }, "mips"],
  [{ machine: 9999 }, "machine 9999"],
] as const)("%j is built for %s, and its interpreter is read", ([fixture, architecture]) => {
  const answer = parse(elf({ ...fixture, interpreter: "/lib/ld.so" }));
  expect(answer).toMatchObject({ kind: "elf", header: { type: 3, interpreter: "/lib/ld.so" } });
  expect(answer.kind === "elf" && elfArchitecture(answer.header)).toBe(architecture);
});

test("a program without PT_INTERP is static", () => {
  expect(parse(elf())).toMatchObject({ kind: "elf", header: { interpreter: undefined } });
});

test("a file that begins otherwise is no ELF file", () => {
  for (const text of ["", "\x7fEL", "#!/bin/sh\n"])
    expect(parse(Buffer.from(text))).toEqual({ kind: "not-elf" });
});

test("where the beginning is not enough, the answer says how much is", () => {
  const file = elf({ interpreter: "/lib/ld.so", interpreterAt: 100_000 });
  const answer = parseElf(file.subarray(0, 4096), file.length);
  expect(answer).toEqual({ kind: "incomplete", length: file.length });
  expect(parseElf(file, file.length).kind).toBe("elf");
});

test.for<[string, (file: Buffer) => void]>([
  ["a class that does not exist", (file) => (file[4] = 3)],
  ["a byte order that does not exist", (file) => (file[5] = 0)],
  ["program headers of another length", (file) => file.writeUInt16LE(57, 54)],
  ["more program headers than Linux reads", (file) => file.writeUInt16LE(1171, 56)],
  ["a table beyond the end of the file", (file) => file.writeBigUInt64LE(2n ** 63n, 32)],
  ["an interpreter beyond the end of the file", (file) => file.writeBigUInt64LE(2n ** 64n - 1n, 72)],
  ["an interpreter longer than a path may be", (file) => file.writeBigUInt64LE(4097n, 96)],
  ["an interpreter without NUL", (file) => file.writeBigUInt64LE(5n, 96)],
])("%s is malformed", ([, damage]) => {
  const file = elf({ interpreter: "/lib/ld.so" });
  damage(file);
  expect(parse(file).kind).toBe("malformed");
});

property.prop([
  fc.record({ bits: fc.constantFrom(32 as const, 64 as const), big: fc.boolean() }),
  fc.array(fc.tuple(fc.nat(270), fc.nat(255)), { maxLength: 12 }),
  fc.nat(300),
])("no damage makes the parser throw, or ask for more than there is", (kind, damage, end) => {
  const file = elf({ ...kind, interpreter: "/lib/ld.so" });
  for (const [at, byte] of damage) if (at > 3 && at < file.length) file[at] = byte;
  const whole = parse(file);
  expect(["elf", "malformed"]).toContain(whole.kind);
  const part = parseElf(file.subarray(0, end), file.length);
  if (part.kind === "incomplete") expect(part.length).toBeLessThanOrEqual(file.length);
  else if (part.kind !== "not-elf") expect(part).toEqual(whole);
});
