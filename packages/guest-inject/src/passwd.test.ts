import { fc, test as property } from "@fast-check/vitest";
import { byteString } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { parseGroup, parsePasswd, resolveUser } from "./passwd.ts";

const passwd = Buffer.from(
  [
    "# a comment",
    "root:x:0:0:root:/root:/bin/sh",
    "app:x:1000:1001:An app:/srv/app:/sbin/nologin",
    "app:x:7:7::/wrong:",
    "1234:x:5:5::/five:",
    "homeless:x:9:9:::",
    "broken:x:many:1::/:",
    "+::::::",
    "short:x",
    " blank:x:11:12::/blank:\t\r",
    "\u00e4pfel:x:21:22::/\u00e4:",
    "",
  ].join("\n"),
);
const group = Buffer.from(
  "root:x:0:\napp:x:1001:\nvideo:x:44:other,app\naudio:x:29:app\napp2:x:1001:app\nwheel:x:10:root\nbad:x:x:app\nlate:x:50:app,",
);

test.for<[string, { uid: number; gid: number; groups: number[]; home: string }]>([
  ["", { uid: 0, gid: 0, groups: [0, 10], home: "/root" }],
  ["root", { uid: 0, gid: 0, groups: [0, 10], home: "/root" }],
  ["app", { uid: 1000, gid: 1001, groups: [1001, 44, 29, 50], home: "/srv/app" }],
  ["1000", { uid: 1000, gid: 1001, groups: [1001, 44, 29, 50], home: "/srv/app" }],
  ["app:video", { uid: 1000, gid: 44, groups: [44], home: "/srv/app" }],
  ["app:4711", { uid: 1000, gid: 4711, groups: [4711], home: "/srv/app" }],
  ["4711", { uid: 4711, gid: 0, groups: [0], home: "/" }],
  ["4711:4712", { uid: 4711, gid: 4712, groups: [4712], home: "/" }],
  [":video", { uid: 0, gid: 44, groups: [44], home: "/root" }],
  ["1234", { uid: 1234, gid: 0, groups: [0], home: "/" }],
  ["homeless", { uid: 9, gid: 9, groups: [9], home: "/" }],
  ["blank", { uid: 11, gid: 12, groups: [12], home: "/blank" }],
  ["2147483647", { uid: 2 ** 31 - 1, gid: 0, groups: [0], home: "/" }],
])("USER %j is resolved as Docker does", ([user, expected]) => {
  expect(resolveUser(user, passwd, group)).toEqual(expected);
});

test("names and homes are bytes", () => {
  expect(resolveUser("\u00e4pfel", passwd, group)).toEqual({
    uid: 21,
    gid: 22,
    groups: [22],
    home: byteString("/\u00e4"),
  });
});

test("a number needs no passwd and no group", () => {
  expect(resolveUser("65532:65533", undefined, undefined)).toEqual({
    uid: 65532,
    gid: 65533,
    groups: [65533],
    home: "/",
  });
});

test.for([
  ["nobody", "GUEST_USER"],
  ["broken", "GUEST_USER"],
  ["+", "GUEST_USER"],
  ["-1", "GUEST_USER"],
  ["2147483648", "GUEST_USER"],
  ["99999999999999999999999", "GUEST_USER"],
  ["app:nogroup", "GUEST_GROUP"],
  ["app:bad", "GUEST_GROUP"],
  ["app:4294967296", "GUEST_GROUP"],
])("USER %j is refused with %s", ([user = "", code]) => {
  expect(() => resolveUser(user, passwd, group)).toThrow(expect.objectContaining({ code }));
});

test("without a passwd no name is known, not even root", () => {
  expect(() => resolveUser("root", undefined, undefined)).toThrow(/\/etc\/passwd has no user root/);
});

test("a line of blanks costs no more than its length, and one that holds NUL is no line", () => {
  const line = `${" ".repeat(1_000_000)}x`;
  expect(parsePasswd(Buffer.from(`a\0:x:1:1::/:\n${line}\nb:x:2:2::/:`)).map(({ name }) => name)).toEqual([
    "b",
  ]);
});

property.prop([fc.uint8Array({ maxLength: 400 }), fc.uint8Array({ maxLength: 400 })])(
  "any bytes are read without a failure, and no id is out of range",
  (users, groups) => {
    const ids = [
      ...parsePasswd(users).flatMap(({ uid, gid }) => [uid, gid]),
      ...parseGroup(groups).map(({ gid }) => gid),
    ];
    expect(ids.every((id) => Number.isInteger(id) && id >= 0 && id < 2 ** 31)).toBe(true);
  },
);

const name = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,8}$/);
const id = fc.nat({ max: 2 ** 31 - 1 });
property.prop([
  fc.uniqueArray(fc.tuple(name, id, id), { selector: ([key]) => key, minLength: 1, maxLength: 6 }),
])("each user of a file is found by name, with what its line says", (users) => {
  const file = Buffer.from(
    users.map(([key, uid, gid]) => `${key}:x:${uid}:${gid}::/home/${key}:/bin/sh\n`).join(""),
  );
  for (const [key, uid, gid] of users)
    expect(resolveUser(key, file, undefined)).toEqual({ uid, gid, groups: [gid], home: `/home/${key}` });
});
