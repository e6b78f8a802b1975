import { expect, test } from "vitest";
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

test.each(["oci:", "oci::tag", "docker-archive:a.tar", "docker://alpine", "containers-storage:a", "dir:x"])(
  "%s is refused, not taken for a host",
  (text) => {
    expect(() => parseSource(text)).toThrow(expect.objectContaining({ code: "SOURCE_INVALID" }));
  },
);

test.each(["", "a/UPPER", "a b", "-x"])("%j is no reference, and says so by a code", (text) => {
  expect(() => parseSource(text)).toThrow(expect.objectContaining({ code: "REFERENCE_INVALID" }));
});
