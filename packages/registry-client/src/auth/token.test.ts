import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { RegistryError } from "../errors.ts";
import { parseToken } from "./token.ts";

const realm = new URL("https://auth.example/token");

function parse(value: unknown) {
  return parseToken(Buffer.from(JSON.stringify(value)), realm);
}

test.each([
  ["token", { token: "a" }, "a", 60],
  ["access_token", { access_token: "a" }, "a", 60],
  ["both", { token: "a", access_token: "b" }, "a", 60],
  ["an empty one beside", { token: "", access_token: "b" }, "b", 60],
  ["null beside", { token: null, access_token: "b" }, "b", 60],
  ["a life of five minutes", { token: "a", expires_in: 300 }, "a", 300],
  ["a life too short to be of use", { token: "a", expires_in: 5 }, "a", 60],
  ["a life in a string", { token: "a", expires_in: "300" }, "a", 60],
])("a token answer with %s is read", (_, value, token, lifetimeSeconds) => {
  expect(parse(value)).toEqual({ token, lifetimeSeconds });
});

test.each([
  ["without a token", {}],
  ["with a token that ends the header", { token: "a\r\nx: y" }],
  ["with a token of another type", { token: 1 }],
  ["that is a list", []],
])("an answer %s is REGISTRY_PROTOCOL", (_, value) => {
  expect(() => parse(value)).toThrow(expect.objectContaining({ code: "REGISTRY_PROTOCOL" }));
});

test("what is wrong with an answer does not show a token in it", () => {
  expect(() => parseToken(Buffer.from('{"token":"hunter2"'), realm)).not.toThrow(/hunter2/);
});

test.prop([
  fc.oneof(
    fc.uint8Array(),
    fc.json().map((json) => Buffer.from(json)),
  ),
])("whatever the answer, there is a token fit for a header, or a typed error", (bytes) => {
  try {
    expect(parseToken(bytes, realm).token).toMatch(/^[\x21-\x7e]+$/);
  } catch (error) {
    expect(error).toBeInstanceOf(RegistryError);
  }
});
