import { expect, test } from "vitest";
import { GuestError } from "./errors.ts";
import { parseGuestConfig } from "./guest-config.ts";

test("an empty configuration is one: all is as the image says, and nothing listens", () => {
  expect(parseGuestConfig({}, "guest.yaml")).toEqual({
    version: 1,
    init: "auto",
    process: {},
    hosts: [],
    files: [],
    services: [],
    mounts: [],
    onExit: "power-off",
  });
});

test.for<[string, unknown, string]>([
  ["an unknown key", { hostnam: "a" }, "hostnam"],
  ["an unknown key below", { process: { usr: "a" } }, "usr"],
  ["a later version", { version: 2 }, "version"],
  ["a relative guest path", { files: [{ content: "", guest: "etc/a" }] }, "files[0].guest"],
  ["a file with neither host nor content", { files: [{ guest: "/a" }] }, "files[0]"],
  ["a file with both", { files: [{ guest: "/a", host: "a", content: "" }] }, "files[0]"],
  ["a mode that is not octal", { files: [{ guest: "/a", content: "", mode: "0789" }] }, "files[0].mode"],
  ["an owner beyond 32 bits", { files: [{ guest: "/a", content: "", uid: 2 ** 32 }] }, "files[0].uid"],
  ["an agent that listens nowhere", { agent: {} }, "agent"],
  ["a static network without address", { network: { mode: "static", addresses: [] } }, "network.addresses"],
  ["an address without prefix", { network: { mode: "static", addresses: ["10.0.0.2"] } }, "addresses[0]"],
  ["a NUL in an argument", { process: { cmd: ["a\0b"] } }, "process.cmd[0]"],
  ["a variable's name with =", { process: { env: { "A=B": "c" } } }, "process.env"],
  ["a host name with a slash", { hostname: "a/b" }, "hostname"],
  ["no object", 7, "guest.yaml"],
])("%s is refused by name", ([, input, named]) => {
  let caught: unknown;
  try {
    parseGuestConfig(input, "guest.yaml");
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(GuestError);
  expect(caught).toMatchObject({ code: "GUEST_CONFIG" });
  expect(String(caught)).toContain(named);
});
