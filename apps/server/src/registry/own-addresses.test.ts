import { expect, test } from "vitest";
import { ownAddresses } from "./own-addresses.ts";

test.each<readonly [string, readonly string[], readonly string[]]>([
  ["127.0.0.1", [], ["localhost:5000", "127.0.0.1:5000", "[::1]:5000"]],
  ["0.0.0.0", ["Images.Example"], ["images.example", "localhost:5000", "127.0.0.1:5000", "[::1]:5000"]],
  ["10.1.2.3", ["10.1.2.3:5000", "images.example:443"], ["10.1.2.3:5000", "images.example:443"]],
  ["fd00::1", [], ["[fd00::1]:5000"]],
])("a server on %s that is called %j knows itself as %j", (host, ownNames, expected) => {
  expect(ownAddresses({ ownNames, listen: { host, port: 5000 } })).toEqual(expected);
});

test.each(["", "images", "http://images.example", "images.example/path", "a b.example"])(
  "%j cannot name a server in a reference",
  (name) => {
    const settings = { ownNames: [name], listen: { host: "127.0.0.1", port: 5000 } };
    expect(() => ownAddresses(settings)).toThrow(expect.objectContaining({ code: "SERVER_SETTINGS" }));
  },
);
