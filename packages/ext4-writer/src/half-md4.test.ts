import { byteStringOf, type ByteString } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { halfMd4 } from "./half-md4.ts";

const hash = halfMd4(Buffer.from("11111111222233334444555555555555", "hex"));

test.each([
  ["61", 0x61ab28ce, 0x4ffe6d79],
  ["68656c6c6f", 0xe4a977aa, 0xb8f2ce63],
  // Bytes over 0x7f count as negative.
  ["6ec3a965c3bc", 0xff876078, 0x030db03f],
])("the name %s has the hash that debugfs dx_hash tells", (hex, expected, minor) => {
  expect(hash(byteStringOf(Buffer.from(hex, "hex")))).toEqual({ hash: expected, minor });
});

test("names of more than 32 bytes are hashed to their end", () => {
  const long = "n".repeat(255);
  expect(hash(long as ByteString)).not.toEqual(hash(`${long.slice(0, 254)}m` as ByteString));
});
