import { expect, test } from "vitest";
import { createRegistryClient } from "./index.ts";

test.each([
  ["an unknown option", { plainHTTP: true }],
  ["no connection at all", { maxConnectionsPerHost: 0 }],
  ["no connection to all hosts together", { maxConnections: 0 }],
  ["half a millisecond", { stallMilliseconds: 0.5 }],
  ["a line break in the user agent", { userAgent: "a\r\nX: y" }],
  ["credentials that are no function", { credentials: { username: "a" } }],
  ["no attempt", { retry: { attempts: 0 } }],
])("%s is REGISTRY_OPTIONS", (_, options) => {
  const create: (options: object) => unknown = createRegistryClient;
  expect(() => create(options)).toThrow(expect.objectContaining({ code: "REGISTRY_OPTIONS" }));
});
