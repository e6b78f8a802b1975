import type { Dns, GuestConfig } from "./guest-config.ts";
import type { InitConf } from "./init-conf.ts";

/** resolv.conf(5). */
export function resolvConf({ servers, search }: Dns): string {
  const lines = servers.map((server) => `nameserver ${server}\n`);
  if (search.length > 0) lines.push(`search ${search.join(" ")}\n`);
  return lines.join("");
}

const loopback: readonly HostsLine[] = [
  { address: "127.0.0.1", names: ["localhost"] },
  { address: "::1", names: ["localhost", "ip6-localhost", "ip6-loopback"] },
];

interface HostsLine {
  readonly address: string;
  readonly names: readonly string[];
}

/**
 * /etc/hosts (hosts(5)) with what the image has kept as it is: loopback is added for a family that has no localhost, then the host's own
 * name (as Debian's, 127.0.1.1), then what was asked for.
 */
export function hostsFile(
  image: Uint8Array | undefined,
  hostname: string | undefined,
  asked: GuestConfig["hosts"],
): Uint8Array {
  const known = Buffer.from(image ?? []).toString("latin1");
  const has = (name: string, isSix: boolean): boolean =>
    known.split("\n").some((line) => {
      const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
      return names.includes(name) && address.includes(":") === isSix;
    });
  const lines = loopback.filter(({ address }) => !has("localhost", address.includes(":")));
  const [short] = hostname?.split(".") ?? [];
  if (hostname !== undefined && short !== undefined && !has(hostname, false))
    lines.push({ address: "127.0.1.1", names: short === hostname ? [hostname] : [hostname, short] });
  const text = [...lines, ...asked].map(({ address, names }) => `${address}\t${names.join(" ")}\n`).join("");
  const separator = known === "" || known.endsWith("\n") ? "" : "\n";
  return Buffer.from(`${known}${separator}${text}`, "latin1");
}

/** The network as init.conf has it. */
export function initNetwork({ network }: GuestConfig): InitConf["network"] {
  if (network === undefined) return undefined;
  switch (network.mode) {
    case "none":
      return { mode: "none" };
    case "kernel":
      return { mode: "kernel", interface: network.interface };
    case "dhcp":
      return { mode: "dhcp", interface: network.interface, mtu: network.mtu };
    case "static": {
      const { interface: name, addresses, gateways, mtu } = network;
      return { mode: "static", interface: name, addresses, gateways, mtu };
    }
  }
}
