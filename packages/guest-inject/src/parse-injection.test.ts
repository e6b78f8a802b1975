import { fc, test as property } from "@fast-check/vitest";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { GuestError } from "./errors.ts";
import { parseInjection } from "./parse-injection.ts";

test.for<[string, object]>([
  ["/h/agent:/usr/bin/agent", { host: "/h/agent", guest: "/usr/bin/agent", uid: 0, gid: 0 }],
  ["/h/a:/b:0755", { host: "/h/a", guest: "/b", mode: "0755", uid: 0, gid: 0 }],
  ["/h/a:/b:4755:10:20", { host: "/h/a", guest: "/b", mode: "4755", uid: 10, gid: 20 }],
  ["a:/b/", { host: resolve("a"), guest: "/b/", uid: 0, gid: 0 }],
  ["/with:colon:/b:0600", { host: "/with:colon", guest: "/b", mode: "0600", uid: 0, gid: 0 }],
])("%s", ([text, expected]) => {
  expect(parseInjection(text)).toEqual(expected);
});

test.for([
  "",
  "a",
  ":",
  "a:b",
  ":/b",
  "/a:",
  "a:/b:",
  "a:/b:0888",
  "a:/b:07",
  "a:/b:0755:1",
  "a:/b:0755:1:",
  "a:/b:0755:root:root",
  "a:/b:0755:4294967295:0",
  "a:/b/../c",
  "a:/b:c",
])("%j is refused", (text) => {
  expect(() => parseInjection(text)).toThrow(expect.objectContaining({ code: "GUEST_CONFIG" }));
});

property.prop([fc.string()])("any text is an injection or GUEST_CONFIG", (text) => {
  try {
    expect(parseInjection(text).guest).toMatch(/^\//);
  } catch (error) {
    expect(error).toBeInstanceOf(GuestError);
  }
});
