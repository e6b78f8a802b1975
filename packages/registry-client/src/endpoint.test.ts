import { expect, test } from "vitest";
import { isPlainHttp, registryOrigin } from "./endpoint.ts";

test.each([
  ["docker.io", undefined, "https://registry-1.docker.io"],
  ["ghcr.io", undefined, "https://ghcr.io"],
  ["localhost:5000", undefined, "http://localhost:5000"],
  ["127.0.0.1", undefined, "http://127.0.0.1"],
  ["127.8.8.8:80", undefined, "http://127.8.8.8"],
  ["[::1]:5000", undefined, "http://[::1]:5000"],
  ["localhost:443", undefined, "http://localhost:443"],
  ["localhost.example:5000", undefined, "https://localhost.example:5000"],
  ["10.0.0.1:5000", undefined, "https://10.0.0.1:5000"],
  ["localhost:5000", false, "https://localhost:5000"],
  ["registry.example:80", true, "http://registry.example"],
  ["registry.example:80", false, "https://registry.example:80"],
])("%s with plainHttp %s is reached at %s", (registry, plainHttp, origin) => {
  expect(registryOrigin(registry, plainHttp).origin).toBe(origin);
});

function plainHttp(host: string): boolean {
  return host === "one.example:5000";
}

test("a function decides by host and port", () => {
  expect(isPlainHttp(new URL("http://one.example:5000"), plainHttp)).toBe(true);
  expect(isPlainHttp(new URL("http://one.example:5001"), plainHttp)).toBe(false);
  expect(isPlainHttp(new URL("http://localhost"), plainHttp)).toBe(false);
});
