import { expect, test } from "vitest";
import { createGzipCompressor } from "./gzip.ts";

function lastResorts(): unknown {
  return [process.rawListeners("uncaughtException"), process.rawListeners("unhandledRejection")];
}

test("what a program does with errors that nobody catches is left as it was", async () => {
  const before = lastResorts();
  const compressor = await createGzipCompressor(9);
  await compressor.compress(Buffer.alloc(1000));
  expect(lastResorts()).toEqual(before);
});
