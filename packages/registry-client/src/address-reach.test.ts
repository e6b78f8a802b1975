import { expect, test } from "vitest";
import { addressReach, isLoopbackHost } from "./address-reach.ts";

test.each([
  ["127.0.0.1", "loopback"],
  ["127.255.255.254", "loopback"],
  ["::1", "loopback"],
  ["::ffff:127.0.0.1", "loopback"],
  ["::ffff:7f00:1", "loopback"],
  ["64:ff9b::127.0.0.1", "loopback"],
  ["10.1.2.3", "private"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private"],
  ["192.168.1.1", "private"],
  ["100.64.0.1", "private"],
  ["fd12:3456::1", "private"],
  ["::ffff:10.0.0.1", "private"],
  ["64:ff9b::10.0.0.1", "private"],
  ["169.254.169.254", "special"],
  ["::ffff:169.254.169.254", "special"],
  ["64:ff9b::a9fe:a9fe", "special"],
  ["100.100.100.200", "special"],
  ["fd00:ec2::254", "special"],
  ["fe80::1", "special"],
  ["0.0.0.0", "special"],
  ["::", "special"],
  ["224.0.0.1", "special"],
  ["ff02::1", "special"],
  ["255.255.255.255", "special"],
  ["no address", "special"],
  ["172.32.0.1", "public"],
  ["11.0.0.1", "public"],
  ["93.184.216.34", "public"],
  ["2606:4700::1111", "public"],
  ["64:ff9b::93.184.216.34", "public"],
])("%s is %s", (address, reach) => {
  expect(addressReach(address)).toBe(reach);
});

test("localhost and loopback addresses are loopback hosts, names that begin so are not", () => {
  expect(["localhost", "127.0.0.1", "[::1]"].every(isLoopbackHost)).toBe(true);
  expect(["localhost.example", "127.0.0.1.example", "10.0.0.1", "[::2]"].some(isLoopbackHost)).toBe(false);
});
