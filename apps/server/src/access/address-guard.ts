import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/**
 * Whether the server may connect to an address (an IP literal, as DNS answered for `host` or as the URL has it) to read a source.
 * Handed to image-builder, which asks for each connection: registries, redirects, token servers, mirrors.
 */
export type AddressGuard = (address: string, host: string) => boolean;

/** `privateSources` lets sources be on the server's own network: loopback, private and link-local addresses. */
export function createAddressGuard({ privateSources }: { readonly privateSources: boolean }): AddressGuard {
  return (text) => {
    const address = judgedAddress(text);
    if (address === undefined || metadataServices.has(address.toString())) return false;
    return isPublic(address) || (privateSources && ownRanges.has(address.range()));
  };
}

/** Where clouds tell a machine of itself, its credentials included. No registry is there, in whatever network. */
const metadataServices: ReadonlySet<string> = new Set([
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "100.100.100.200",
  "fd00:ec2::254",
  "fd00:ec2::23",
]);

const ownRanges: ReadonlySet<string> = new Set([
  "loopback",
  "private",
  "carrierGradeNat",
  "linkLocal",
  "uniqueLocal",
]);

const allocatedUnicast = ipaddr.IPv6.parseCIDR("2000::/3");

/** Ranges are those of the IANA registries of special-purpose addresses; what is in none of them is everybody's. */
function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== "unicast") return false;
  return address instanceof ipaddr.IPv4 || address.match(allocatedUnicast);
}

const nat64 = ipaddr.IPv6.parseCIDR("64:ff9b::/96");

/** IPv4 inside of IPv6, mapped (RFC 4291, 2.5.5.2) or translated (NAT64, RFC 6052), leads where the IPv4 address does. */
function judgedAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // ipaddr.js alone would read `0x7f.1` too, which is no literal but a name for a resolver.
  if (isIP(text) === 0) return undefined;
  const address = ipaddr.parse(text.replace(/%.*$/, ""));
  if (address instanceof ipaddr.IPv4) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  if (address.match(nat64)) return ipaddr.fromByteArray(address.toByteArray().slice(12));
  return address;
}
