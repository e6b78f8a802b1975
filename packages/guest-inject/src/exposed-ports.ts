import type { ExposedPort } from "./guest-plan.ts";

const form = /^(?<first>\d{1,5})(?:-(?<last>\d{1,5}))?(?:\/(?<protocol>tcp|udp|sctp))?$/i;
const protocols = ["tcp", "udp", "sctp"] as const;
const maxPort = 65_535;

/**
 * Reads ExposedPorts (image-spec config.md): `80/tcp`, `53/udp`, a number alone (tcp), or Docker's range `8000-8010/tcp`. What is
 * none of these comes back in `unknown`. Each port comes once, by protocol and number: a thousand ranges that overlap are cheap.
 */
export function parseExposedPorts(keys: readonly string[]): {
  readonly ports: readonly ExposedPort[];
  readonly unknown: readonly string[];
} {
  const exposed = { tcp: portSet(), udp: portSet(), sctp: portSet() };
  const unknown: string[] = [];
  for (const key of keys) {
    const { first = "", last = first, protocol = "tcp" } = form.exec(key)?.groups ?? {};
    const [from, to] = [Number(first), Number(last)];
    if (first === "" || from < 1 || to > maxPort || from > to) unknown.push(key);
    else exposed[protocol.toLowerCase() as ExposedPort["protocol"]].fill(1, from, to + 1);
  }
  const ports = protocols.flatMap((protocol) =>
    portsOf(exposed[protocol]).map((port) => ({ port, protocol })),
  );
  return { ports, unknown };
}

/** A byte for each port. */
function portSet(): Uint8Array {
  return new Uint8Array(maxPort + 1);
}

function portsOf(set: Uint8Array): number[] {
  const ports: number[] = [];
  for (let port = set.indexOf(1); port !== -1; port = set.indexOf(1, port + 1)) ports.push(port);
  return ports;
}
