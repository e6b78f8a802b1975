import { expect, test } from "vitest";
import { writeLookupTable } from "./lookup-table.ts";

function outputAt(start: number) {
  const pieces: Buffer[] = [];
  return {
    position: () => start + pieces.reduce((sum, { length }) => sum + length, 0),
    append: (bytes: Uint8Array) => pieces.push(Buffer.from(bytes)),
    bytes: () => Buffer.concat(pieces),
  };
}

test("chunks come first, then the list of their positions, which is what is pointed at", async () => {
  const output = outputAt(1000);
  const position = await writeLookupTable(Buffer.alloc(8192 + 4), undefined, output);
  expect(position).toBe(1000 + 8194 + 6);
  const list = output.bytes().subarray(position - 1000);
  expect(list).toHaveLength(16);
  expect(list.readBigUInt64LE(0)).toBe(1000n);
  expect(list.readBigUInt64LE(8)).toBe(9194n);
});

test("a table's head stands between chunks and list", async () => {
  const output = outputAt(0);
  const position = await writeLookupTable(Buffer.alloc(16), undefined, output, Buffer.from("head"));
  expect(position).toBe(18);
  expect(output.bytes().toString("latin1", 18, 22)).toBe("head");
});

test("no records leave nothing but the spot", async () => {
  const output = outputAt(77);
  expect(await writeLookupTable(Buffer.alloc(0), undefined, output)).toBe(77);
  expect(output.bytes()).toHaveLength(0);
});
