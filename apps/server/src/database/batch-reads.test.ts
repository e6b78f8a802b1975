import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { batchReads } from "./batch-reads.ts";

/** A database of which each statement is held until the test lets it answer with what is written by then. */
function heldDatabase(rows: ReadonlyMap<string, string>) {
  const statements: { readonly keys: readonly string[]; answer(error?: Error): Promise<void> }[] = [];
  const read = (keys: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, string>>();
    const seen = new Map(rows);
    statements.push({
      keys,
      async answer(error) {
        if (error === undefined) resolve(seen);
        else reject(error);
        await turn();
      },
    });
    return promise;
  };
  return { statements, read };
}

test("what is asked for at once is read by one statement, each row once", async () => {
  const { statements, read } = heldDatabase(new Map([["a", "1"]]));
  const find = batchReads("embedded", read);
  const found = Promise.all([find("a"), find("b"), find("a")]);
  await turn();
  expect(statements.map(({ keys }) => keys)).toEqual([["a", "b"]]);
  await statements[0]?.answer();
  expect(await found).toEqual(["1", undefined, "1"]);
});

test("who asks while a statement runs is told what has been written since it began", async () => {
  const rows = new Map([["a", "old"]]);
  const { statements, read } = heldDatabase(rows);
  const find = batchReads("embedded", read);
  const first = find("a");
  await turn();
  rows.set("a", "new");
  const second = find("a");
  await turn();
  expect(statements).toHaveLength(1);
  await statements[0]?.answer();
  expect(await first).toBe("old");
  await statements[1]?.answer();
  expect(await second).toBe("new");
});

test("a statement that fails is the failure of those who wait for it, and of no others", async () => {
  const { statements, read } = heldDatabase(new Map([["a", "1"]]));
  const find = batchReads("embedded", read);
  const failing = [find("a"), find("b")].map(async (asked) =>
    expect(asked).rejects.toThrow("connection lost"),
  );
  await turn();
  const later = find("a");
  await statements[0]?.answer(new Error("connection lost"));
  await Promise.all(failing);
  await statements[1]?.answer();
  expect(await later).toBe("1");
});

test("beside a connection that is dead others are asked", async () => {
  const { statements, read } = heldDatabase(new Map([["a", "1"]]));
  const find = batchReads("postgresql", read);
  void find("a");
  await turn();
  const second = find("a");
  await turn();
  await statements[1]?.answer();
  expect(await second).toBe("1");
});
