import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { ImageSpecError, parseConfig } from "./index.ts";

const diffId = `sha256:${"0".repeat(64)}`;
const valid = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [diffId] } };

function parse(value: unknown, layerCount = 1) {
  return parseConfig(Buffer.from(JSON.stringify(value)), "it", layerCount);
}

test("the members that are used are read, others dropped", () => {
  const config = {
    User: "1000",
    Env: ["A=b"],
    Entrypoint: ["/a"],
    Cmd: ["b"],
    WorkingDir: "/",
    Labels: { a: "b" },
  };
  expect(parse({ ...valid, config, variant: "v3", created: "2024-01-01T00:00:00Z", history: [] })).toEqual({
    ...valid,
    config,
    variant: "v3",
    created: "2024-01-01T00:00:00Z",
  });
});

test("null means absent, as Docker writes it", () => {
  const config = { Entrypoint: null, Cmd: ["sh"], Env: null, Volumes: null, Labels: null };
  const parsed = parse({ ...valid, config, variant: null, "os.features": null, author: null });
  expect(parsed.config).toEqual({ Cmd: ["sh"] });
  expect(parsed.variant).toBeUndefined();
  expect(parse({ ...valid, config: null }).config).toBeUndefined();
});

test.each([[], null, undefined])("an image without layers may have %j as its diff IDs", (diffIds) => {
  const { rootfs } = parse({ ...valid, rootfs: { type: "layers", diff_ids: diffIds } }, 0);
  expect(rootfs.diff_ids).toEqual([]);
});

describe("DOCUMENT_INVALID", () => {
  test.each([
    ["fewer diff IDs than layers", valid, 2],
    ["more diff IDs than layers", valid, 0],
    [
      "a root file system that is not of layers",
      { ...valid, rootfs: { type: "zip", diff_ids: [diffId] } },
      1,
    ],
    ["no root file system", { ...valid, rootfs: undefined }, 1],
    ["a diff ID that is a path", { ...valid, rootfs: { type: "layers", diff_ids: ["sha256:../x"] } }, 1],
    ["no architecture", { ...valid, architecture: undefined }, 1],
    ["an Env that is no list", { ...valid, config: { Env: "A=b" } }, 1],
  ])("is %s", (_, value, layerCount) => {
    expect(() => parse(value, layerCount)).toThrow(expect.objectContaining({ code: "DOCUMENT_INVALID" }));
  });
});

test.prop([fc.jsonValue()])("whatever the JSON, there is a config or a typed error", (value) => {
  try {
    expect(parse(value).rootfs.type).toBe("layers");
  } catch (error) {
    expect(error).toBeInstanceOf(ImageSpecError);
  }
});
