import { expect, test } from "vitest";
import { encodeDevice } from "./inode.ts";

test.each([
  [1, 3, "0301000000000000"],
  [255, 255, "ffff000000000000"],
  [8, 256, "0000000000081000"],
  [256, 0, "0000000000000100"],
  [4095, 1_048_575, "00000000ffffffff"],
])("device %i:%i is %s in i_block", (major, minor, hex) => {
  const area = Buffer.alloc(8);
  encodeDevice(area, 0, { major, minor });
  expect(area.toString("hex")).toBe(hex);
});
