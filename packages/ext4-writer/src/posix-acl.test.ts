import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { aclToDisk } from "./posix-acl.ts";

const owner = "0100 0600 ffffffff";
const user = "0200 0400 39300000";
const group = "0400 0000 ffffffff";
const mask = "1000 0600 ffffffff";
const other = "2000 0000 ffffffff";

function wire(...entries: readonly string[]): Buffer {
  return Buffer.from(["02000000", ...entries].join("").replaceAll(" ", ""), "hex");
}

test("on disk the version is 1, and only named users and groups have an id", () => {
  expect(aclToDisk(wire(owner, user, group, mask, other), "access")).toEqual({
    kind: "converted",
    bytes: Buffer.from(
      "01000000 01000600 0200040039300000 04000000 10000600 20000000".replaceAll(" ", ""),
      "hex",
    ),
  });
});

test("a list that the permission bits say already is not kept, unless it is a default", () => {
  expect(aclToDisk(wire(owner, group, other), "access").kind).toBe("plain");
  expect(aclToDisk(wire(owner, group, other), "default").kind).toBe("converted");
  expect(aclToDisk(wire(), "default").kind).toBe("plain");
});

test.each([
  ["of another version", Buffer.from("01000000", "hex")],
  ["cut short", wire(owner, group, other).subarray(0, 27)],
  ["empty", Buffer.alloc(0)],
  ["out of order", wire(group, owner, other)],
  ["with an entry twice", wire(owner, owner, group, other)],
  ["without an owner", wire(user, group, mask, other)],
  ["naming a user without a mask", wire(owner, user, group, other)],
  ["with an unknown tag", wire(owner, group, other, "4000 0000 ffffffff")],
  ["with unknown permissions", wire("0100 0800 ffffffff", group, other)],
])("a list %s is invalid", (_, bytes) => {
  expect(aclToDisk(bytes, "access").kind).toBe("invalid");
});

test.prop([fc.uint8Array({ maxLength: 80 }), fc.constantFrom("access" as const, "default" as const)])(
  "any bytes are taken or refused",
  (bytes, use) => {
    expect(["converted", "plain", "invalid"]).toContain(aclToDisk(bytes, use).kind);
  },
);
