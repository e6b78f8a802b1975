import { expect, test } from "vitest";
import { createGzipCompressor } from "./gzip.ts";

test("what a program does with errors that nobody catches is left as it was", async () => {
  const listeners = () => [
    process.rawListeners("uncaughtException"),
    process.rawListeners("unhandledRejection"),
  ];
  const before = listeners();
  const { compress } = await createGzipCompressor(9);
  compress(Buffer.alloc(1000));
  expect(listeners()).toEqual(before);
});
