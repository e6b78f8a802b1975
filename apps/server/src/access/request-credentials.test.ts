import { inspect } from "node:util";
import { expect, test } from "vitest";
import {
  createRequestCredentials,
  parseRegistryAuth,
  withRequestCredentials,
  type RegistryCredentials,
} from "./request-credentials.ts";

function header(login: object, encoding: "base64url" | "base64" = "base64url"): string {
  return Buffer.from(JSON.stringify(login)).toString(encoding);
}

const login: RegistryCredentials = { kind: "password", username: "ada", password: "marked secret ÿþ?" };

test.each(["base64url", "base64"] as const)("a user and a password are read from %s", (encoding) => {
  expect(parseRegistryAuth(header({ username: "ada", password: "marked secret ÿþ?" }, encoding))).toEqual(
    login,
  );
});

test("an identity token and a registry token are read, the user <token> means the first too", () => {
  expect(parseRegistryAuth(header({ identitytoken: "t" }))).toEqual({
    kind: "identity-token",
    username: "",
    token: "t",
  });
  expect(parseRegistryAuth(header({ registrytoken: "t" }))).toEqual({ kind: "registry-token", token: "t" });
  expect(parseRegistryAuth(header({ username: "<token>", password: "t" }))).toMatchObject({
    kind: "identity-token",
  });
});

test.each([undefined, "", header({}), header({ serveraddress: "registry.example" })])(
  "%j brings no credentials",
  (text) => {
    expect(parseRegistryAuth(text)).toBeUndefined();
  },
);

test.each([
  "no base64!",
  Buffer.from("marked secret").toString("base64url"),
  Buffer.from('{"password": "marked secret"').toString("base64url"),
  header({ username: 1 }),
  header(["marked secret"]),
  header({ username: "x".repeat(12 * 1024) }),
])("what is malformed is REQUEST_INVALID and is not quoted: %j", (text) => {
  let error: unknown;
  try {
    parseRegistryAuth(text);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ code: "REQUEST_INVALID" });
  expect(inspect(error, { depth: null })).not.toMatch(/marked|secret"|x{20}/);
});

test("the header given twice is REQUEST_INVALID", () => {
  expect(() => parseRegistryAuth([header({}), header({})])).toThrow(
    expect.objectContaining({ code: "REQUEST_INVALID" }),
  );
});

test("credentials are a build's alone, until its end", () => {
  const credentials = createRequestCredentials();
  credentials.hold("a", login);
  expect(credentials.of("a")).toEqual(login);
  expect(credentials.of("b")).toBeUndefined();
  credentials.drop("a");
  credentials.drop("a");
  expect(credentials.of("a")).toBeUndefined();
  expect(credentials.size).toBe(0);
});

test("what is held does not show when the holder is written to a log", () => {
  const credentials = createRequestCredentials();
  credentials.hold("a", login);
  expect(`${JSON.stringify(credentials)} ${inspect(credentials, { depth: null })}`).not.toContain("marked");
});

test("a build's credentials go to its source's registry, and the server's own to all others", async () => {
  const own: RegistryCredentials = { kind: "registry-token", token: "own" };
  const settings = withRequestCredentials({ credentials: async () => own }, "registry.example:5000", login);
  expect(await settings.credentials?.("registry.example:5000", "a")).toEqual(login);
  expect(await settings.credentials?.("registry.example", "a")).toEqual(own);
  const none = withRequestCredentials({ credentials: async () => own }, "registry.example", undefined);
  expect(await none.credentials?.("registry.example", "a")).toEqual(own);
});
