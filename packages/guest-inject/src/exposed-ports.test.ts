import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { parseExposedPorts } from "./exposed-ports.ts";

test("ports come once, by protocol and number; ranges as Docker writes them", () => {
  expect(parseExposedPorts(["80/tcp", "53/UDP", "22", "80", "8000-8002/tcp", "9/sctp"])).toEqual({
    ports: [
      ...[22, 80, 8000, 8001, 8002].map((port) => ({ port, protocol: "tcp" })),
      { port: 53, protocol: "udp" },
      { port: 9, protocol: "sctp" },
    ],
    unknown: [],
  });
});

test.for(["0", "65536", "80/icmp", "90-80", "", "a", "80/tcp/udp", "1-70000", "-1", "８０"])(
  "%j is no port",
  (key) => {
    expect(parseExposedPorts([key])).toEqual({ ports: [], unknown: [key] });
  },
);

test("ten thousand ranges that overlap are as many ports as there are", () => {
  const keys = Array.from({ length: 10_000 }, (_, index) => `${index + 1}-65535`);
  expect(parseExposedPorts(keys).ports).toHaveLength(65_535);
});

property.prop([fc.array(fc.string({ maxLength: 14 }), { maxLength: 8 })])(
  "any keys are ports or unknown",
  (keys) => {
    const { ports, unknown } = parseExposedPorts(keys);
    expect(ports.every(({ port }) => port >= 1 && port <= 65_535)).toBe(true);
    expect(unknown.every((key) => keys.includes(key))).toBe(true);
  },
);
