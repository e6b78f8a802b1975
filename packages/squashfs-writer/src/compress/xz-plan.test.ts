import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { expect, test } from "vitest";
import { branchFilters } from "./branch-filters.ts";
import { planXz } from "./xz-plan.ts";

const text = Buffer.from("the quick brown fox jumps over the lazy dog\n".repeat(2000));
/** Bytes of which each holds four bits. */
const halfRandom = randomBytes(65_536).map((byte) => byte & 0x0f);
const scratch = Buffer.alloc(131_072);
const presets = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/** Calls of a few functions from many places, among bytes of chance. */
function x86Code(length: number): Buffer {
  const code = randomBytes(length).map((byte) => byte & 0x1f);
  const bytes = Buffer.from(code.buffer, code.byteOffset, length);
  for (let at = 0; at + 5 <= length; at += 16) {
    bytes.writeUInt8(0xe8, at);
    bytes.writeInt32LE(((at * 7) % 64) * 1024 - (at + 5), at + 1);
  }
  return bytes;
}

test("long matches are looked for where there are many", () => {
  expect(planXz(6, text, scratch)).toMatchObject({ preset: 5, branchFilterId: undefined });
  expect(planXz(6, halfRandom, scratch)).toMatchObject({ preset: 4, branchFilterId: undefined });
});

test("what does not shrink is not tried", () => {
  expect(planXz(6, randomBytes(65_536), scratch)).toBeUndefined();
});

test("a preset other than the default is taken at its word", () => {
  for (const preset of presets.filter((preset) => preset !== 6))
    for (const block of [text, halfRandom, x86Code(65_536), randomBytes(4096)])
      expect(planXz(preset, block, scratch)?.preset).toBe(preset);
});

test("x86 code goes through its filter, at a preset that is faster; the block keeps its bytes", () => {
  const code = x86Code(131_072);
  const before = Buffer.from(code);
  const plan = planXz(6, code, scratch);
  expect(plan).toMatchObject({ preset: 3, branchFilterId: 4 });
  expect(code.equals(before)).toBe(true);
  branchFilters.x86.apply(before);
  expect(before.equals(plan?.bytes ?? Buffer.of())).toBe(true);
  for (const preset of presets) expect(planXz(preset, code, scratch)?.branchFilterId).toBe(4);
  for (const preset of presets)
    expect(planXz(preset, code, undefined)).toMatchObject({ bytes: code, branchFilterId: undefined });
});

test.skipIf(process.arch !== "x64")("a program of this machine is recognised as code", () => {
  const block = Buffer.alloc(131_072);
  const file = openSync(process.execPath, "r");
  let blocks = 0;
  for (
    let position = 0;
    readSync(file, block, 0, block.length, position) === block.length;
    position += 2 ** 22
  )
    if (planXz(6, block, scratch)?.branchFilterId === 4) blocks++;
  closeSync(file);
  expect(blocks).toBeGreaterThan(5);
});
