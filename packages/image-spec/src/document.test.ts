import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { ImageSpecError, maxDocumentBytes, mediaTypes, parseDocument } from "./index.ts";

const descriptor = { mediaType: mediaTypes.ociConfig, digest: `sha256:${"0".repeat(64)}`, size: 3 };
const manifest = { schemaVersion: 2, config: descriptor, layers: [{ ...descriptor, mediaType: "x/y" }] };
const index = { schemaVersion: 2, manifests: [{ ...descriptor, mediaType: mediaTypes.ociManifest }] };

function parse(value: unknown, mediaType?: string) {
  return parseDocument(Buffer.from(JSON.stringify(value)), "it", mediaType);
}

describe("what a document is", () => {
  test.each([
    ["OCI manifest", mediaTypes.ociManifest, manifest, "manifest"],
    ["Docker manifest", mediaTypes.dockerManifest, manifest, "manifest"],
    ["OCI index", mediaTypes.ociIndex, index, "index"],
    ["Docker manifest list", mediaTypes.dockerManifestList, index, "index"],
  ])("is said by its own media type: %s", (_, mediaType, members, kind) => {
    expect(parse({ ...members, mediaType }).kind).toBe(kind);
  });

  test("is said by what the caller was told, where it has no media type of its own", () => {
    expect(parse(manifest, mediaTypes.dockerManifest).kind).toBe("manifest");
    expect(parse(index, mediaTypes.ociIndex).kind).toBe("index");
  });

  test.each([undefined, "application/json", "", "constructor"])(
    "is told by its shape, where neither helps (media type %j)",
    (mediaType) => {
      expect(parse(manifest, mediaType).kind).toBe("manifest");
      expect(parse(index, mediaType).kind).toBe("index");
    },
  );
});

describe("DOCUMENT_UNSUPPORTED", () => {
  const unsupported = expect.objectContaining({ code: "DOCUMENT_UNSUPPORTED" });

  test.each([
    ["schema version 1", { schemaVersion: 1, name: "x", tag: "y", fsLayers: [], history: [] }],
    ["fsLayers in a document of schema version 2", { ...manifest, fsLayers: [] }],
    ["a manifest with manifests (CVE-2021-41190)", { ...manifest, manifests: index.manifests }],
    ["an index with layers", { ...index, layers: [] }],
    ["an index with a config", { ...index, config: descriptor }],
    ["neither manifest nor index", { schemaVersion: 2 }],
  ])("is %s", (_, value) => {
    expect(() => parse(value)).toThrow(unsupported);
  });

  test("is a document that calls itself something else than it was announced as", () => {
    expect(() => parse({ ...manifest, mediaType: mediaTypes.ociManifest }, mediaTypes.ociIndex)).toThrow(
      unsupported,
    );
    expect(parse({ ...manifest, mediaType: mediaTypes.dockerManifest }, mediaTypes.ociManifest).kind).toBe(
      "manifest",
    );
  });
});

describe("DOCUMENT_INVALID", () => {
  const invalid = expect.objectContaining({ code: "DOCUMENT_INVALID" });

  test.each([
    ["a text", "manifest"],
    ["null", null],
    ["a list", [manifest]],
    ["a manifest without a config", { schemaVersion: 2, layers: [] }],
    ["an index that says it is a manifest", { ...index, mediaType: mediaTypes.ociManifest }],
    ["another schema version", { ...manifest, schemaVersion: 3 }],
    ["a schema version in a string", { ...manifest, schemaVersion: "2" }],
    ["a media type that is a number", { ...manifest, mediaType: 7 }],
    [
      "more layers than any image has",
      { ...manifest, layers: Array.from({ length: 1001 }, () => descriptor) },
    ],
    ["a digest that is a path", { ...manifest, config: { ...descriptor, digest: "sha256:../x" } }],
  ])("is %s", (_, value) => {
    expect(() => parse(value)).toThrow(invalid);
  });

  test("is what is no JSON, or not in UTF-8", () => {
    expect(() => parseDocument(Buffer.from("{"), "it")).toThrow(invalid);
    expect(() => parseDocument(Buffer.from([0x22, 0xff, 0x22]), "it")).toThrow(invalid);
    expect(() => parseDocument(new Uint8Array(), "it")).toThrow(invalid);
  });

  test("names the document and the place in it", () => {
    expect(() => parse({ ...manifest, config: { ...descriptor, size: -1 } })).toThrow(
      /^it breaks.*config\.size/s,
    );
  });
});

test("a document of 4 MiB is read, one byte more is DOCUMENT_TOO_LARGE", () => {
  const json = Buffer.from(JSON.stringify(manifest));
  const largest = Buffer.alloc(maxDocumentBytes, " ");
  json.copy(largest);
  expect(parseDocument(largest, "it").kind).toBe("manifest");
  expect(() => parseDocument(Buffer.concat([largest, Buffer.from(" ")]), "it")).toThrow(
    expect.objectContaining({ code: "DOCUMENT_TOO_LARGE" }),
  );
});

test("null stands for an empty list of layers or manifests, as Go's tools write it", () => {
  expect(parse({ ...manifest, layers: null })).toMatchObject({ manifest: { layers: [] } });
  expect(parse({ ...index, manifests: null })).toMatchObject({ index: { manifests: [] } });
});

test.prop([
  fc.oneof(
    fc.uint8Array(),
    fc.json().map((json) => Buffer.from(json)),
  ),
  fc.oneof(fc.constantFrom(...Object.values(mediaTypes), undefined), fc.string()),
])("whatever the bytes, there is a document or a typed error", (bytes, mediaType) => {
  try {
    expect(["manifest", "index"]).toContain(parseDocument(bytes, "it", mediaType).kind);
  } catch (error) {
    expect(error).toBeInstanceOf(ImageSpecError);
  }
});
