import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { RegistryError } from "../errors.ts";
import { hostsRoute } from "./hosts-toml.ts";

const route = (text: string) => hostsRoute("/certs.d/r.example/hosts.toml", text, "r.example", "a/b");

test("hosts are asked in the order in which they stand, then the server", async () => {
  const { mirrors, origins } = await route(`
    server = "https://r.example"
    [host."https://second.example"]
    [host."https://first.example"]
  `);
  expect(mirrors.map(({ api }) => api.href)).toEqual([
    "https://second.example/v2/",
    "https://first.example/v2/",
  ]);
  expect(origins.map(({ api }) => api.href)).toEqual(["https://r.example/v2/"]);
});

test("a host is told which registry is meant, the server is not", async () => {
  const { mirrors, origins } = await route('server = "https://s"\n[host."https://m"]');
  expect(mirrors[0]?.query).toEqual({ ns: "r.example" });
  expect(origins[0]?.query).toBeUndefined();
});

test.each([
  ["", { digests: true, tags: false }],
  ['capabilities = ["pull"]', { digests: true, tags: false }],
  ['capabilities = ["pull", "resolve"]', { digests: true, tags: true }],
  ['capabilities = ["resolve"]', { digests: false, tags: true }],
  ['capabilities = ["push", "made-up"]', { digests: false, tags: false }],
])("a host with %j gives %j", async (line, expected) => {
  expect((await route(`[host."https://m"]\n${line}`)).mirrors[0]).toMatchObject(expected);
});

test.each([
  ["https://m", false, "https://m/v2/"],
  ["m:5000", false, "https://m:5000/v2/"],
  ["http://m/", false, "http://m/v2/"],
  ["https://m/v2/", false, "https://m/v2/"],
  ["https://m/proxy", false, "https://m/proxy/v2/"],
  ["https://m/proxy", true, "https://m/proxy/"],
  ["https://m/v2/proxy", true, "https://m/v2/proxy/"],
  ["https://m", true, "https://m/v2/"],
])("the API of %s with override_path = %s is %s", async (url, override, api) => {
  const { mirrors } = await route(`[host."${url}"]\noverride_path = ${override}`);
  expect(mirrors[0]?.api.href).toBe(api);
});

test("headers and skip_verify are the host's own", async () => {
  const { mirrors } = await route(
    '[host."https://m"]\nskip_verify = true\n[host."https://m".header]\nX-A = "1"\nX-B = ["2", "3"]',
  );
  expect(mirrors[0]).toMatchObject({
    headers: { "x-a": "1", "x-b": "2, 3" },
    tls: { skipVerify: true },
  });
});

describe("REGISTRY_SETTINGS is", () => {
  test.each([
    ["no TOML", 'host = "hunter2'],
    ["a host of another scheme", '[host."ftp://hunter2"]'],
    ["a user in a URL", '[host."https://u:hunter2@m"]'],
    ["a query in a URL", '[host."https://m?hunter2"]'],
    ["capabilities that are none", '[host."https://m"]\ncapabilities = "hunter2"'],
    ["a header that ends the request", '[host."https://m".header]\na = "hunter2\\r\\nx: y"'],
    ["a certificate that is not there", '[host."https://m"]\nca = "nowhere.pem"'],
    ["too many hosts", Array.from({ length: 65 }, (_, index) => `[host."https://m${index}"]`).join("\n")],
  ])("%s, and shows nothing of the file", async (_, text) => {
    const error: unknown = await route(text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "REGISTRY_SETTINGS" });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("hunter2");
  });
});

const words = fc.constantFrom(
  "server",
  "host",
  "[",
  "]",
  '"',
  "=",
  "https://m",
  "ca",
  "\n",
  ".",
  "{",
  "}",
  "true",
);
test.prop([
  fc.oneof(
    fc.string(),
    fc.array(words).map((parts) => parts.join("")),
  ),
])("whatever the file holds, there is a route or a typed error", async (text) => {
  try {
    await route(text);
  } catch (error) {
    expect(error).toBeInstanceOf(RegistryError);
  }
});
