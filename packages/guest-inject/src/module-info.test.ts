import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { kernelModule } from "../integration/module-fixtures.ts";
import { moduleName, parseSoftdep, readModuleInfo } from "./module-info.ts";

test("a module says what it needs, with one spelling for each name", () => {
  const module = kernelModule({
    depends: ["virtio-ring", "virtio"],
    softdep: "pre: crypto-crc32c a post: b",
  });
  expect(readModuleInfo(module)).toEqual({
    depends: ["virtio_ring", "virtio"],
    softdepPre: ["crypto_crc32c", "a"],
    softdepPost: ["b"],
    vermagic: "6.1.0-test SMP",
  });
  expect(readModuleInfo(kernelModule())).toMatchObject({ depends: [], softdepPre: [], softdepPost: [] });
  expect(moduleName("a-b-c")).toBe("a_b_c");
});

test("words before pre: and post: are nobody's", () => {
  expect(parseSoftdep("a pre: b  post: c pre: d")).toEqual({ pre: ["b", "d"], post: ["c"] });
});

const module = kernelModule({ depends: ["a"], softdep: "pre: b" });

test.for<[string, Uint8Array]>([
  ["empty", new Uint8Array()],
  ["text", Buffer.from("#!/bin/sh\n".padEnd(200))],
  ["32 bits", withByte(4, 1)],
  ["big-endian", withByte(5, 2)],
  ["without section headers", withByte(60, 0)],
  ["with section headers beyond its end", withByte(61, 0xff)],
  ["with a section of names beyond the others", withByte(62, 9)],
  ["cut short", module.subarray(0, module.length - 1)],
])("a file that is %s is no module", ([, bytes]) => {
  expect(readModuleInfo(bytes)).toBeUndefined();
});

function withByte(at: number, value: number): Buffer {
  const copy = Buffer.from(module);
  copy[at] = value;
  return copy;
}

property.prop([
  fc.array(fc.tuple(fc.nat({ max: module.length - 1 }), fc.nat({ max: 255 })), { maxLength: 6 }),
  fc.nat({ max: module.length }),
])("a module with any bytes changed, and cut anywhere, is read or is none", (changes, length) => {
  const copy = Buffer.from(module);
  for (const [at, value] of changes) copy[at] = value;
  const info = readModuleInfo(copy.subarray(0, length));
  expect(info === undefined || Array.isArray(info.depends)).toBe(true);
});
