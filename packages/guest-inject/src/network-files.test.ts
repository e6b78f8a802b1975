import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { parseGuestConfig, type GuestNetworkInput, type HostsLine } from "./guest-config.ts";
import { hostsFile, initNetwork, resolvConf } from "./network-files.ts";

test("resolv.conf has a line for each server and one for all domains", () => {
  expect(resolvConf({ servers: ["10.0.0.1", "fd00::1"], search: ["a.example", "b.example"] })).toBe(
    "nameserver 10.0.0.1\nnameserver fd00::1\nsearch a.example b.example\n",
  );
  expect(resolvConf({ servers: ["10.0.0.1"], search: [] })).toBe("nameserver 10.0.0.1\n");
});

function hosts(
  image: string | undefined,
  name: string | undefined,
  asked: readonly HostsLine[] = [],
): string {
  const bytes = image === undefined ? undefined : Buffer.from(image, "latin1");
  return Buffer.from(hostsFile(bytes, name, asked)).toString("latin1");
}

describe("/etc/hosts", () => {
  const loopback = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";

  test("has loopback and the guest's name, short too, where the image has none", () => {
    expect(hosts(undefined, "box.example.org")).toBe(`${loopback}127.0.1.1\tbox.example.org box\n`);
    expect(hosts("", "box")).toBe(`${loopback}127.0.1.1\tbox\n`);
  });

  test("keeps what the image has, byte for byte, and adds what is missing to it", () => {
    const image = "# \xff\n127.0.0.1 localhost\n10.0.0.9\tdb";
    expect(hosts(image, "box", [{ address: "10.0.0.1", names: ["a", "b"] }])).toBe(
      `${image}\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\tbox\n10.0.0.1\ta b\n`,
    );
  });

  test("a name in a comment is no name", () => {
    expect(hosts("#127.0.0.1 localhost\n127.0.0.1 x # localhost\n", undefined)).toContain(
      "127.0.0.1\tlocalhost\n",
    );
  });

  test("the guest's own name is not said twice", () => {
    expect(hosts("127.0.0.1 localhost box\n::1 localhost\n", "box")).toBe(
      "127.0.0.1 localhost box\n::1 localhost\n",
    );
  });

  property.prop([fc.uint8Array({ maxLength: 200 })])(
    "begins with the image's bytes, whatever they are",
    (image) => {
      const file = Buffer.from(hostsFile(image, "box", []));
      expect(file.subarray(0, image.length)).toEqual(Buffer.from(image));
      expect(file.at(-1)).toBe(0x0a);
    },
  );
});

test.for<GuestNetworkInput | undefined>([
  undefined,
  { mode: "none" },
  { mode: "kernel", interface: "eth1" },
  { mode: "dhcp", interface: "eth1", mtu: 1400 },
  { mode: "static", addresses: ["10.0.0.2/24", "fd00::2/64"], gateways: ["10.0.0.1", "fd00::1"], mtu: 9000 },
])("the init is told of %j as it is", (network) => {
  expect(initNetwork(parseGuestConfig({ network }, "guest.yaml"))).toEqual(network);
});
