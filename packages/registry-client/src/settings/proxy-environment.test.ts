import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { RegistryError } from "../errors.ts";
import { proxyFromEnvironment } from "./proxy-environment.ts";

function proxyOf(url: string, environment: Record<string, string>): string | undefined {
  return proxyFromEnvironment(environment)(new URL(url))?.href;
}

describe("the proxy", () => {
  const all = { HTTP_PROXY: "http://h:1", HTTPS_PROXY: "https://s:2", ALL_PROXY: "http://a:3" };
  test.each([
    ["http://r.example/", all, "http://h:1/"],
    ["https://r.example/", all, "https://s:2/"],
    ["https://r.example/", { ALL_PROXY: "http://a:3" }, "http://a:3/"],
    ["https://r.example/", { HTTPS_PROXY: "http://up:1", https_proxy: "http://low:1" }, "http://low:1/"],
    ["https://r.example/", { https_proxy: "low:8080" }, "http://low:8080/"],
    ["https://r.example/", { ALL_PROXY: "socks5h://s:1080" }, "socks5://s:1080"],
    ["https://r.example/", { HTTPS_PROXY: "" }, undefined],
    ["https://r.example/", { HTTP_PROXY: "http://h:1" }, undefined],
  ])("of %s in %j is %s", (url, environment, expected) => {
    expect(proxyOf(url, environment)).toBe(expected);
  });

  test.each(["http://localhost:1/", "https://127.0.0.1/", "http://127.9.9.9/", "https://[::1]:5000/"])(
    "is never used for this machine: %s",
    (url) => {
      expect(proxyOf(url, all)).toBeUndefined();
    },
  );

  test.each(["ftp://p", "http://", "http://user:hunter2@", "javascript:hunter2", "http://p:99999/hunter2"])(
    "%s is REGISTRY_SETTINGS, which does not show it",
    (text) => {
      const read = () => proxyOf("http://r.example", { HTTP_PROXY: text });
      expect(read).toThrow(expect.objectContaining({ code: "REGISTRY_SETTINGS" }));
      expect(read).not.toThrow(/hunter2/);
    },
  );
});

describe("NO_PROXY", () => {
  test.each([
    ["r.example", "https://r.example", true],
    ["r.example", "https://sub.r.example", true],
    ["r.example", "https://notr.example", false],
    ["R.Example.", "https://r.example", true],
    [".r.example", "https://sub.r.example", true],
    [".r.example", "https://r.example", false],
    ["*.r.example", "https://a.b.r.example", true],
    ["*.r.example", "https://r.example", false],
    ["r.example:8443", "https://r.example:8443", true],
    ["r.example:8443", "https://r.example", false],
    ["r.example:443", "https://r.example", true],
    ["10.0.0.0/8", "https://10.1.2.3", true],
    ["10.0.0.0/8", "https://11.1.2.3", false],
    ["10.0.0.0/8", "https://ten.example", false],
    ["10.1.2.3", "https://10.1.2.3:5000", true],
    ["10.1.2.3:5000", "https://10.1.2.3:5000", true],
    ["10.1.2.3:5000", "https://10.1.2.3", false],
    ["fd00::/8", "https://[fd12::1]", true],
    ["fd12::1", "https://[fd12::1]:5000", true],
    ["[fd12::1]:5000", "https://[fd12::1]:5000", true],
    ["[fd12::1]:5000", "https://[fd12::1]", false],
    ["*", "https://any.example", true],
    ["a, b\tr.example", "https://r.example", true],
    ["", "https://r.example", false],
    ["10.0.0.0/99", "https://10.0.0.1", false],
  ])("%j spares %s: %s", (list, url, isSpared) => {
    const environment = { HTTPS_PROXY: "http://p:1", NO_PROXY: list };
    expect(proxyOf(url, environment) === undefined).toBe(isSpared);
  });
});

test.prop([fc.string(), fc.string()])(
  "whatever the variables hold, there is an answer or a typed error",
  (proxy, list) => {
    try {
      proxyOf("https://r.example", { ALL_PROXY: proxy, NO_PROXY: list });
    } catch (error) {
      expect(error).toBeInstanceOf(RegistryError);
    }
  },
);
