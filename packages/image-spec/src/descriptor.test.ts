import { expect, test } from "vitest";
import { descriptorSchema } from "./index.ts";

const valid = { mediaType: "a/b", digest: `sha256:${"0".repeat(64)}`, size: 3 };

test("members that the specification does not know are dropped, as it asks of readers", () => {
  expect(descriptorSchema.parse({ ...valid, extension: 1 })).toEqual(valid);
});

test.each([
  ["without a media type", { mediaType: undefined }],
  ["with an empty media type", { mediaType: "" }],
  ["with a digest that is a path", { digest: "sha256:../../etc/passwd" }],
  ["with a negative size", { size: -1 }],
  ["with half a byte", { size: 1.5 }],
  ["with more bytes than can be counted", { size: 2 ** 53 }],
  ["with a size in a string", { size: "3" }],
  ["with data that is no base64", { data: "%%%" }],
  ["with a platform that is a text", { platform: "linux/amd64" }],
])("a descriptor %s is refused", (_, members) => {
  expect(descriptorSchema.safeParse({ ...valid, ...members }).success).toBe(false);
});
