import { isBootlayerError } from "@bootlayer/errors";
import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { parseSource } from "./source.ts";

test.each([
  ["oci:images", { kind: "oci-layout", directory: "images", tag: undefined }],
  ["oci:/srv/images:3.22", { kind: "oci-layout", directory: "/srv/images", tag: "3.22" }],
  [
    "oci:store:docker.io/library/alpine:3.22",
    { kind: "oci-layout", directory: "store", tag: "docker.io/library/alpine:3.22" },
  ],
])("%s is a layout: the directory ends at the first colon", (text, source) => {
  expect(parseSource(text)).toEqual(source);
});

test("anything without a transport is a reference", () => {
  expect(parseSource("alpine:3.22")).toMatchObject({
    kind: "registry",
    reference: { registry: "docker.io", repository: "library/alpine", tag: "3.22" },
  });
  expect(parseSource("localhost:5000/a/b")).toMatchObject({
    kind: "registry",
    reference: { registry: "localhost:5000" },
  });
});

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

test.each([
  [`oci:images@${digest}`, { kind: "oci-layout", directory: "images", digest }],
  [`oci:images:a@${digest}`, { kind: "oci-layout", directory: "images", tag: `a@${digest}` }],
  ["oci:im@ges", { kind: "oci-layout", directory: "im@ges" }],
  ["oci-archive:a.tar", { kind: "oci-archive", file: "a.tar" }],
  ["oci-archive:/a/b.tar.gz:v1", { kind: "oci-archive", file: "/a/b.tar.gz", tag: "v1" }],
  [`oci-archive:a.tar@${digest}`, { kind: "oci-archive", file: "a.tar", digest }],
  ["docker-archive:a.tar", { kind: "docker-archive", file: "a.tar", image: { by: "being-alone" } }],
  [
    "docker-archive:a.tar:alpine:3.22",
    {
      kind: "docker-archive",
      file: "a.tar",
      image: { by: "reference", reference: "docker.io/library/alpine:3.22" },
    },
  ],
  [
    "docker-archive:a.tar:localhost:5000/a/b",
    {
      kind: "docker-archive",
      file: "a.tar",
      image: { by: "reference", reference: "localhost:5000/a/b:latest" },
    },
  ],
  ["docker-archive:a.tar:@2", { kind: "docker-archive", file: "a.tar", image: { by: "index", index: 2 } }],
  ["docker-daemon:alpine", { kind: "docker-daemon", image: "docker.io/library/alpine:latest" }],
  [`docker-daemon:${digest}`, { kind: "docker-daemon", image: digest }],
  [`docker-daemon:${digest.slice(7)}`, { kind: "docker-daemon", image: digest.slice(7) }],
  [
    `docker-daemon:alpine:3@${digest}`,
    { kind: "docker-daemon", image: `docker.io/library/alpine@${digest}` },
  ],
  ["-", { kind: "archive-input" }],
  ["tar:-", { kind: "tar-input" }],
  ["tar:./-", { kind: "tar", file: "./-" }],
  ["tar:a:b.tar", { kind: "tar", file: "a:b.tar" }],
  ["rootfs:/srv/a:b", { kind: "rootfs", directory: "/srv/a:b" }],
])("%s is read as what it names", (text, source) => {
  expect(parseSource(text)).toEqual(source);
});

test.each([
  "oci:",
  "oci::tag",
  "oci-archive:",
  "oci-archive::tag",
  "docker-archive:",
  "docker-archive::a",
  "rootfs:",
  "tar:",
  "tar:a\0b",
  "docker://alpine",
  "containers-storage:a",
  "dir:x",
])("%s is refused, not taken for a host", (text) => {
  expect(() => parseSource(text)).toThrow(expect.objectContaining({ code: "SOURCE_INVALID" }));
});

test.each([
  ["REFERENCE_INVALID", "docker-archive:a.tar:UPPER"],
  ["REFERENCE_INVALID", "docker-archive:a.tar:@x"],
  ["REFERENCE_INVALID", "docker-daemon:"],
  ["REFERENCE_INVALID", "docker-daemon:../x"],
  ["DIGEST_INVALID", "oci:images@sha256:../../etc/passwd"],
  ["DIGEST_INVALID", "oci-archive:a.tar@sha256:abc"],
])("%s: %s", (code, text) => {
  expect(() => parseSource(text)).toThrow(expect.objectContaining({ code }));
});

test.prop([
  fc.oneof(
    fc.string(),
    fc
      .tuple(
        fc.constantFrom("oci", "oci-archive", "docker-archive", "docker-daemon", "rootfs", "tar", "dir"),
        fc.string(),
      )
      .map((parts) => parts.join(":")),
  ),
])("whatever the text, there is a source or a typed error", (text) => {
  try {
    expect(parseSource(text)).toHaveProperty("kind");
  } catch (error) {
    expect(isBootlayerError(error)).toBe(true);
  }
});

test.each(["", "a/UPPER", "a b", "-x"])("%j is no reference, and says so by a code", (text) => {
  expect(() => parseSource(text)).toThrow(expect.objectContaining({ code: "REFERENCE_INVALID" }));
});
