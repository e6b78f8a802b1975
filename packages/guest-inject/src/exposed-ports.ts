import type { ExposedPort } from "./guest-plan.ts";

const form = /^(?<first>\d{1,5})(?:-(?<last>\d{1,5}))?(?:\/(?<protocol>tcp|udp|sctp))?$/i;

/**
 * Reads ExposedPorts (image-spec config.md): `80/tcp`, `53/udp`, a number alone (tcp), or Docker's range `8000-8010/tcp`. What is
 * none of these comes back in `unknown`.
 */
export function parseExposedPorts(keys: readonly string[]): {
  readonly ports: readonly ExposedPort[];
  readonly unknown: readonly string[];
} {
  const ports: ExposedPort[] = [];
  const unknown: string[] = [];
  for (const key of keys) {
    const { first = "", last = first, protocol = "tcp" } = form.exec(key)?.groups ?? {};
    const [from, to] = [Number(first), Number(last)];
    if (first === "" || from < 1 || to > 65_535 || from > to) unknown.push(key);
    else
      for (let port = from; port <= to; port++)
        ports.push({ port, protocol: protocol.toLowerCase() as ExposedPort["protocol"] });
  }
  return { ports, unknown };
}
