import { expect, test } from "vitest";
import { createIdTable } from "./id-table.ts";

test("an id is kept once, with all its 32 bits", () => {
  const ids = createIdTable();
  expect([ids.indexOf(0), ids.indexOf(4_294_967_295), ids.indexOf(0), ids.indexOf(7)]).toEqual([0, 1, 0, 2]);
  expect(ids.encode().toString("hex")).toBe("00000000ffffffff07000000");
});

test("there is room for 65,535 ids and no more", () => {
  const ids = createIdTable();
  for (let id = 0; id < 65_535; id++) ids.indexOf(id);
  expect(ids.count).toBe(65_535);
  expect(ids.indexOf(65_534)).toBe(65_534);
  expect(() => ids.indexOf(65_535)).toThrow(expect.objectContaining({ code: "SQUASHFS_TOO_MANY_IDS" }));
});
