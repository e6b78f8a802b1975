import { expect, test } from "vitest";
import { BootlayerError, isBootlayerError } from "./index.ts";

class CargoError extends BootlayerError<"CARGO_LOST" | "CARGO_WET"> {}

test("an error carries its code, its hint, its cause and the name of its class", () => {
  const cause = new Error("rain");
  const error = new CargoError("CARGO_WET", "crate 7 is wet", "dry it", { cause });
  expect(error).toMatchObject({
    name: "CargoError",
    code: "CARGO_WET",
    message: "crate 7 is wet",
    hint: "dry it",
    cause,
  });
  expect(error).toBeInstanceOf(BootlayerError);
});

test("an error of another copy of the package is still recognised", () => {
  expect(isBootlayerError(Object.assign(new Error("x"), { code: "CARGO_LOST", hint: "look again" }))).toBe(
    true,
  );
});

test("an error of the system, which has a code but no hint, is not taken for ours", () => {
  expect(isBootlayerError(Object.assign(new Error("x"), { code: "ENOSPC" }))).toBe(false);
  expect(isBootlayerError({ code: "CARGO_LOST", hint: "not an error at all" })).toBe(false);
});
