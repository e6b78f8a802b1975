import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { rawInput } from "./raw-input.ts";

function terminal(): PassThrough & { readonly isTTY: boolean } {
  return Object.assign(new PassThrough(), { isTTY: true });
}

test("input of a pipe waits until somebody listens, all of it", async () => {
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  const stdin = new PassThrough();
  const { stream } = rawInput(stdin, listening);
  stdin.write("first ");
  stdin.end("second");
  await setImmediate();
  expect(stream.read()).toBeNull();
  resolve();
  expect(Buffer.concat(await stream.toArray()).toString()).toBe("first second");
});

test("keys of a terminal do not wait, the one that ends the guest neither", async () => {
  const stdin = terminal();
  const { stream, quit } = rawInput(stdin, Promise.withResolvers<void>().promise);
  stdin.write("a\x1d");
  await quit;
  expect(String(stream.read())).toBe("a\x1d");
});

test("in what is no terminal, the key that would end the guest is a byte like others", async () => {
  const stdin = new PassThrough();
  const { stream, quit } = rawInput(stdin);
  stdin.end("\x1d");
  expect(Buffer.concat(await stream.toArray())).toEqual(Buffer.from([0x1d]));
  expect(await Promise.race([quit.then(() => "quit"), setImmediate("on")])).toBe("on");
});
