import { fc, test as property } from "@fast-check/vitest";
import { byteString, byteStringOf } from "@bootlayer/rootfs-tree";
import { paxRecords } from "@bootlayer/test-fixtures";
import { expect, test } from "vitest";
import { tarError, TarError, type TarFail } from "../errors.ts";
import { parseLayerLimits } from "../limits.ts";
import {
  applyPaxRecords,
  noPaxAttributes,
  parsePaxRecords,
  type PaxAttributes,
  type PaxScope,
} from "./pax.ts";

const fail: TarFail = (code, what) => tarError(code, "here", what);
const limits = parseLayerLimits();

function apply(
  records: Readonly<Record<string, string | Uint8Array>>,
  before: PaxAttributes = noPaxAttributes,
  scope: PaxScope = "entry",
): PaxAttributes {
  return applyPaxRecords(before, parsePaxRecords(paxRecords(records), fail), scope, limits, fail);
}

test("the length decides where a record ends: values hold newlines, NULs and equals signs", () => {
  const value = Buffer.from("a=b\n9 x=y\n\0");
  expect(apply({ "SCHILY.xattr.user.x": value }).xattrs).toEqual(
    new Map([[byteString("user.x"), Uint8Array.from(value)]]),
  );
});

test("an xattr's bytes over 0x7f survive: a capability is no text", () => {
  const capability = Uint8Array.of(1, 0, 0, 2, 0, 0xff, 0xfe, 0x80, 0, 0, 0, 0, 0xc3, 0x28, 0, 0, 0, 0, 0, 0);
  expect(apply({ "SCHILY.xattr.security.capability": capability }).xattrs.values().next().value).toEqual(
    capability,
  );
});

test("an xattr's value does not change when the block it came in is used again", () => {
  const block = paxRecords({ "SCHILY.xattr.user.x": "value" });
  const { xattrs } = applyPaxRecords(noPaxAttributes, parsePaxRecords(block, fail), "entry", limits, fail);
  block.fill(0);
  expect(xattrs.get(byteString("user.x"))).toEqual(Uint8Array.from(Buffer.from("value")));
});

test("path and linkpath are bytes in no encoding; hdrcharset changes nothing", () => {
  const name = Uint8Array.of(0xff, 0x2f, 0xc3, 0x28);
  expect(apply({ hdrcharset: "BINARY", path: name, linkpath: name })).toMatchObject({
    path: byteStringOf(name),
    linkPath: byteStringOf(name),
  });
});

test.each([
  ["1.5", 1, 500_000_000],
  ["-1.5", -2, 500_000_000],
  ["-0.25", -1, 750_000_000],
  ["-3", -3, 0],
  ["1700000000.123456789", 1_700_000_000, 123_456_789],
  ["1700000000.1234567899", 1_700_000_000, 123_456_789],
  ["7.", 7, 0],
  ["-0", 0, 0],
])("mtime %s is %i s and %i ns", (text, seconds, nanoseconds) => {
  expect(apply({ mtime: text }).mtime).toEqual({ seconds, nanoseconds });
});

test.each([
  ["mtime", "now"],
  ["mtime", "1.5e3"],
  ["mtime", "--1"],
  ["mtime", "99999999999999999"],
  ["size", "-1"],
  ["size", "1.5"],
  ["size", "9007199254740993"],
  ["uid", "4294967296"],
  ["gid", "-2"],
])("%s=%s is TAR_NUMBER", (key, value) => {
  expect(() => apply({ [key]: value })).toThrow(expect.objectContaining({ code: "TAR_NUMBER" }));
});

test("uid and gid reach 2^32 - 1", () => {
  expect(apply({ uid: "4294967295", gid: "4294967295" })).toMatchObject({
    uid: 2 ** 32 - 1,
    gid: 2 ** 32 - 1,
  });
});

test("later records win, and an empty value takes an earlier one back", () => {
  const before = apply({ path: "old", uid: "1", gid: "1" });
  expect(apply({ path: "new", uid: "" }, before)).toMatchObject({ path: "new", uid: undefined, gid: 1 });
});

test("an xattr may be empty", () => {
  expect(apply({ "SCHILY.xattr.user.x": "" }).xattrs.get(byteString("user.x"))).toEqual(new Uint8Array());
});

test("LIBARCHIVE.xattr is base 64 under a name with %XX", () => {
  const { libarchiveXattrs } = apply({
    "LIBARCHIVE.xattr.user.a%3D%25": "AP+A",
    "LIBARCHIVE.xattr.user.b": "AA==",
  });
  expect([...libarchiveXattrs]).toEqual([
    ["user.a=%", Uint8Array.of(0, 0xff, 0x80)],
    ["user.b", Uint8Array.of(0)],
  ]);
});

test.each(["A", "AAAAA", "A-_A", "AA AA", "="])("LIBARCHIVE.xattr %j is no base 64", (value) => {
  expect(() => apply({ "LIBARCHIVE.xattr.user.a": value })).toThrow(
    expect.objectContaining({ code: "TAR_PAX" }),
  );
});

test.each([
  "5 a=b\n",
  "7 a=b\n",
  "6 a=bc\n",
  "06 a=b",
  "a=b\n",
  "5 =b\n",
  "5 ab\n",
  "4 a\n",
  "3 \n",
  "0 a=b\n",
  "-6 a=b\n",
  "999999999999 a=b\n",
  "6 a=b\n\0",
])("malformed records are TAR_PAX: %j", (block) => {
  expect(() => parsePaxRecords(Buffer.from(block, "latin1"), fail)).toThrow(
    expect.objectContaining({ code: "TAR_PAX" }),
  );
});

test.each(["path", "linkpath"])("a NUL in %s is TAR_NAME", (key) => {
  expect(() => apply({ [key]: "a\0b" })).toThrow(expect.objectContaining({ code: "TAR_NAME" }));
});

test.each(["path", "linkpath", "size", "GNU.sparse.name"])("a global header must not set %s", (key) => {
  expect(() => apply({ [key]: "1" }, noPaxAttributes, "global")).toThrow(
    expect.objectContaining({ code: "TAR_PAX" }),
  );
});

test.each([
  { "SCHILY.xattr.user.x": Buffer.alloc(65_537) },
  { [`SCHILY.xattr.user.${"x".repeat(251)}`]: "" },
  Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`SCHILY.xattr.user.${index}`, ""])),
])("xattrs over the limits are TAR_LIMIT", (records) => {
  expect(() => apply(records)).toThrow(expect.objectContaining({ code: "TAR_LIMIT" }));
});

property.prop([fc.dictionary(fc.stringMatching(/^[a-z.]{1,20}$/), fc.uint8Array({ maxLength: 200 }))])(
  "what was written as records is read as records",
  (records) => {
    const parsed = parsePaxRecords(paxRecords(records), fail);
    expect(parsed.map(({ key, value }) => [key, Uint8Array.from(value)])).toEqual(Object.entries(records));
  },
);

property.prop([fc.uint8Array({ maxLength: 300 })])("any bytes give records or a TarError", (bytes) => {
  try {
    applyPaxRecords(noPaxAttributes, parsePaxRecords(Buffer.from(bytes), fail), "entry", limits, fail);
  } catch (error) {
    expect(error).toBeInstanceOf(TarError);
  }
});
