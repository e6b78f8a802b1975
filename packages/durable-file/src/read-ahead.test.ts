import { fc, test as property } from "@fast-check/vitest";
import { expect, test, vi } from "vitest";
import { readAhead } from "./index.ts";

const bytes = Buffer.from(Uint8Array.from({ length: 3 * 2 ** 20 + 5 }, (_, index) => index * (index >> 9)));

async function fill(buffer: Buffer, position: number): Promise<void> {
  expect(bytes.copy(buffer, 0, position)).toBe(buffer.length);
}

async function fillFirst(buffer: Buffer, position: number): Promise<void> {
  if (position > 0) throw new Error("broken");
  await fill(buffer, position);
}

property.prop([fc.nat(bytes.length), fc.nat(bytes.length)], { numRuns: 20 })(
  "all bytes of the part come, and no others",
  async (offset, wanted) => {
    const length = Math.min(wanted, bytes.length - offset);
    const parts: Buffer[] = [];
    for await (const chunk of readAhead(fill, { offset, length })) parts.push(Buffer.from(chunk));
    expect(Buffer.concat(parts).equals(bytes.subarray(offset, offset + length))).toBe(true);
  },
);

test("the next chunk is asked for before the first is given", async () => {
  const asked = vi.fn(fill);
  const chunks = readAhead(asked, { offset: 0, length: bytes.length });
  await chunks.next();
  expect(asked.mock.calls.map(([, position]) => position)).toEqual([0, 2 ** 20]);
  await chunks.return(undefined);
  expect(asked).toHaveBeenCalledTimes(2);
});

test("what cannot be read comes after the chunks before it", async () => {
  const chunks = readAhead(fillFirst, { offset: 0, length: bytes.length });
  expect(await chunks.next()).toMatchObject({ done: false });
  await expect(chunks.next()).rejects.toThrow("broken");
});

test("an aborted signal ends it", async () => {
  const controller = new AbortController();
  const chunks = readAhead(fill, { offset: 0, length: bytes.length }, controller.signal);
  await chunks.next();
  controller.abort(new Error("enough"));
  await expect(chunks.next()).rejects.toThrow("enough");
});
