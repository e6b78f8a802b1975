import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { formatReference, parseReference, RegistryError } from "./index.ts";

const hex = "0123456789abcdef".repeat(4);
const digest = `sha256:${hex}`;

describe("the full form of", () => {
  test.each([
    // Docker's short forms.
    ["alpine", "docker.io/library/alpine:latest"],
    ["alpine:3.22", "docker.io/library/alpine:3.22"],
    ["library/alpine", "docker.io/library/alpine:latest"],
    ["owner/name", "docker.io/owner/name:latest"],
    ["docker.io/alpine", "docker.io/library/alpine:latest"],
    ["index.docker.io/alpine", "docker.io/library/alpine:latest"],
    ["index.docker.io/owner/name", "docker.io/owner/name:latest"],
    // What makes the first component a registry.
    ["ghcr.io/owner/name", "ghcr.io/owner/name:latest"],
    ["ghcr.io/name", "ghcr.io/name:latest"],
    ["localhost/name", "localhost/name:latest"],
    ["localhost:5000/name", "localhost:5000/name:latest"],
    ["host:5000/name", "host:5000/name:latest"],
    ["Upper/name", "Upper/name:latest"],
    ["GHCR.io/owner/name", "ghcr.io/owner/name:latest"],
    ["localhosts/name", "docker.io/localhosts/name:latest"],
    // Without a slash there is no registry.
    ["localhost:5000", "docker.io/library/localhost:5000"],
    ["localhost", "docker.io/library/localhost:latest"],
    ["host.example:tag", "docker.io/library/host.example:tag"],
    // Addresses.
    ["127.0.0.1:5000/name", "127.0.0.1:5000/name:latest"],
    ["[::1]:5000/name", "[::1]:5000/name:latest"],
    ["[0:0:0:0:0:0:0:1]/name", "[::1]/name:latest"],
    ["[2001:DB8::1]/name:tag", "[2001:db8::1]/name:tag"],
    ["example.com:443/name", "example.com:443/name:latest"],
    ["example.com:0443/name", "example.com:443/name:latest"],
    // Tags and digests.
    [`alpine@${digest}`, `docker.io/library/alpine@${digest}`],
    [`alpine:3.22@${digest}`, `docker.io/library/alpine:3.22@${digest}`],
    [`ghcr.io/a/b@sha512:${hex}${hex}`, `ghcr.io/a/b@sha512:${hex}${hex}`],
    [`host:5000/name:${"t".repeat(128)}`, `host:5000/name:${"t".repeat(128)}`],
    ["alpine:_x.y-z", "docker.io/library/alpine:_x.y-z"],
    ["alpine:V1", "docker.io/library/alpine:V1"],
    // Repository names.
    ["owner/a.b_c__d-e---f/g0", "docker.io/owner/a.b_c__d-e---f/g0:latest"],
    [`quay.io/${"a/".repeat(127)}b`, `quay.io/${"a/".repeat(127)}b:latest`],
    [hex.slice(1), `docker.io/library/${hex.slice(1)}:latest`],
    [`${hex}:tag`, `docker.io/library/${hex}:tag`],
  ])("%s is %s", (text, full) => {
    expect(formatReference(parseReference(text))).toBe(full);
    expect(parseReference(full)).toEqual(parseReference(text));
  });
});

describe("REFERENCE_INVALID is", () => {
  test.each([
    ["nothing", ""],
    ["an image ID", hex],
    ["a URL", "https://ghcr.io/owner/name"],
    ["another tool's transport", "docker://alpine"],
    ["an uppercase repository", "ghcr.io/Owner/name"],
    ["an uppercase name alone", "Alpine"],
    ["a registry without a repository", "ghcr.io/"],
    ["two slashes", "a//b"],
    ["a leading slash", "/a"],
    ["a trailing slash", "a/"],
    ["a path upwards", "ghcr.io/../name"],
    ["a separator at the start", "-name"],
    ["a separator at the end", "name_"],
    ["two dots", "na..me"],
    ["three underscores", "na___me"],
    ["mixed separators", "na._me"],
    ["a blank", "na me"],
    ["a line break at the end", "name\n"],
    ["a repository of 256 characters", `quay.io/${"a/".repeat(127)}bb`],
    ["an empty tag", "name:"],
    ["a tag that starts with a dot", "name:.x"],
    ["a tag that starts with a dash", "name:-x"],
    ["a tag of 129 characters", `name:${"t".repeat(129)}`],
    ["a tag with a slash", "name:a/b:c/d"],
    ["an empty digest", "name@"],
    ["a short digest", "name@sha256:abc"],
    ["an unknown algorithm", `name@md5:${hex.slice(32)}`],
    ["two digests", `name@${digest}@${digest}`],
    ["port 0", "host:0/name"],
    ["port 65536", "host:65536/name"],
    ["a port in letters", "host:http/name"],
    ["an IPv6 address without brackets", "::1/name"],
    ["an IPv6 address with a zone", "[fe80::1%25eth0]/name"],
    ["an IPv6 address with a raw zone", "[fe80::1%eth0]/name"],
    ["brackets around no address", "[localhost]/name"],
    ["a host that starts with a dash", "-host.example/name"],
    ["a host with an underscore", "my_host.example/name"],
    ["a user before the host", "user@host.example/name"],
    ["an address in another spelling than it is reached under", "127.1/name"],
    ["an address in hexadecimal", "0x7f.0.0.1/name"],
    ["an address as one number", "2130706433:5000/name"],
    ["a host of 300 characters", `${"a".repeat(300)}.example/name`],
  ])("%s", (_, text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: "REFERENCE_INVALID" }));
  });
});

test("beside a digest the tag is kept, and none is added", () => {
  expect(parseReference(`alpine:3.22@${digest}`)).toMatchObject({ tag: "3.22", digest });
  expect(parseReference(`alpine@${digest}`)).not.toHaveProperty("tag");
});

const pieces = fc.array(
  fc.constantFrom(
    "a",
    "B",
    "0",
    ".",
    "_",
    "-",
    "/",
    ":",
    "@",
    "[",
    "]",
    "localhost",
    "docker.io",
    digest,
    "é",
    " ",
  ),
  { maxLength: 12 },
);

test.prop([
  fc.oneof(
    fc.string(),
    pieces.map((parts) => parts.join("")),
  ),
])("whatever the text, its full form reads as the same reference, or there is a typed error", (text) => {
  try {
    const reference = parseReference(text);
    expect(parseReference(formatReference(reference))).toEqual(reference);
    // Nothing that is accepted can change the path of a URL that it becomes a part of.
    const url = new URL(
      `https://${reference.registry}/v2/${reference.repository}/manifests/${reference.tag ?? ""}`,
    );
    expect(url.pathname).toBe(`/v2/${reference.repository}/manifests/${reference.tag ?? ""}`);
  } catch (error) {
    expect(error).toBeInstanceOf(RegistryError);
  }
});
