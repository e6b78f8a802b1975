import { digestOf } from "@bootlayer/image-spec";
import { expect, test } from "vitest";
import { embeddedData } from "./embedded-data.ts";

const bytes = Buffer.from("{}");
const descriptor = { mediaType: "a/b", digest: digestOf(bytes), size: bytes.length };

test("data that is what the descriptor promises stands for the blob", () => {
  expect(embeddedData({ ...descriptor, data: bytes.toString("base64") })).toEqual(bytes);
});

test("data of another digest or another size is as if absent", () => {
  expect(embeddedData({ ...descriptor, data: Buffer.from("[]").toString("base64") })).toBeUndefined();
  expect(embeddedData({ ...descriptor, size: 3, data: bytes.toString("base64") })).toBeUndefined();
  expect(embeddedData(descriptor)).toBeUndefined();
});
