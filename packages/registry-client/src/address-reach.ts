import { BlockList, isIP } from "node:net";

/**
 * From how far an address can be reached: this machine, its private networks, or everywhere. `special` is what no
 * registry's word may lead to: link-local addresses (the metadata services of clouds), multicast, reserved ones.
 */
export type AddressReach = "loopback" | "private" | "public" | "special";

const ranges: Readonly<Record<Exclude<AddressReach, "public">, readonly string[]>> = {
  special: [
    "0.0.0.0/8",
    "169.254.0.0/16",
    "100.100.100.200/32",
    "192.0.0.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "fe80::/10",
    "ff00::/8",
    "fd00:ec2::/32",
  ],
  loopback: ["127.0.0.0/8", "::1/128"],
  private: [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "198.18.0.0/15",
    "fc00::/7",
    "fec0::/10",
  ],
};

/** IPv4 addresses inside of IPv6: mapped (RFC 4291, 2.5.5.2) and translated (NAT64, RFC 6052). */
const embeddings = ["::ffff:", "64:ff9b::"];

const lists = new Map<AddressReach, BlockList>();

function blockList(reach: Exclude<AddressReach, "public">): BlockList {
  const known = lists.get(reach);
  if (known) return known;
  const list = new BlockList();
  lists.set(reach, list);
  for (const range of ranges[reach]) {
    const [network = "", prefix] = range.split("/");
    const bits = Number(prefix);
    if (network.includes(":")) list.addSubnet(network, bits, "ipv6");
    else {
      list.addSubnet(network, bits, "ipv4");
      for (const embedding of embeddings) list.addSubnet(`${embedding}${network}`, 96 + bits, "ipv6");
    }
  }
  return list;
}

/** What is no address at all is `special`. */
export function addressReach(address: string): AddressReach {
  const version = isIP(address);
  if (version === 0) return "special";
  const family = version === 4 ? "ipv4" : "ipv6";
  for (const reach of ["special", "loopback", "private"] as const)
    if (blockList(reach).check(address, family)) return reach;
  return "public";
}

/** True for `localhost` and loopback addresses, as `URL.hostname` spells them. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === "localhost" || addressReach(unbracketed(hostname)) === "loopback";
}

/** `URL.hostname` puts IPv6 addresses in brackets. */
export function unbracketed(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}
