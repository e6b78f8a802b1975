import { expect, test } from "vitest";
import { createAddressGuard } from "./address-guard.ts";

const strict = createAddressGuard({ privateSources: false });
const lenient = createAddressGuard({ privateSources: true });

test.each([
  "93.184.216.34",
  "2606:4700::1111",
  "::ffff:93.184.216.34",
  "64:ff9b::93.184.216.34",
  "172.32.0.1",
  "100.128.0.1",
])("%s is everybody's and may be a source", (address) => {
  expect([strict(address, "host"), lenient(address, "host")]).toEqual([true, true]);
});

test.each([
  ["loopback", "127.0.0.1"],
  ["all of its range", "127.255.255.254"],
  ["loopback in IPv6", "::1"],
  ["mapped loopback", "::ffff:127.0.0.1"],
  ["mapped loopback in hex", "::ffff:7f00:1"],
  ["loopback through NAT64", "64:ff9b::7f00:1"],
  ["private", "10.0.0.1"],
  ["private", "172.16.0.1"],
  ["private", "192.168.1.1"],
  ["private through NAT64", "64:ff9b::10.0.0.1"],
  ["carrier-grade NAT", "100.64.0.1"],
  ["link-local", "169.254.1.1"],
  ["link-local in IPv6", "fe80::1"],
  ["link-local with a zone", "fe80::1%eth0"],
  ["unique local", "fd12:3456::1"],
])("%s (%s) is the server's own network: a source only if that is allowed", (_, address) => {
  expect([strict(address, "host"), lenient(address, "host")]).toEqual([false, true]);
});

test.each([
  ["the metadata service of clouds", "169.254.169.254"],
  ["the same, mapped", "::ffff:169.254.169.254"],
  ["the same, through NAT64", "64:ff9b::a9fe:a9fe"],
  ["of Alibaba", "100.100.100.200"],
  ["of AWS in IPv6", "fd00:ec2::254"],
  ["of AWS's containers", "169.254.170.2"],
  ["no address, which the kernel takes for loopback", "0.0.0.0"],
  ["this network", "0.1.2.3"],
  ["no address in IPv6", "::"],
  ["an IPv4-compatible address", "::7f00:1"],
  ["multicast", "224.0.0.1"],
  ["multicast in IPv6", "ff02::1"],
  ["broadcast", "255.255.255.255"],
  ["reserved", "240.0.0.1"],
  ["documentation", "192.0.2.1"],
  ["protocol assignments", "192.0.0.8"],
  ["6to4, which holds any IPv4 address", "2002:7f00:1::"],
  ["Teredo, the same", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
  ["NAT64 with a prefix of one's own", "64:ff9b:1::a00:1"],
  ["IPv4-translated", "::ffff:0:10.0.0.1"],
  ["outside of what is allocated", "4000::1"],
  ["a name", "localhost"],
  ["an address in the short form of old resolvers", "127.1"],
  ["an address as one number", "2130706433"],
  ["nothing", ""],
])("%s (%s) is never a source", (_, address) => {
  expect([strict(address, "host"), lenient(address, "host")]).toEqual([false, false]);
});
