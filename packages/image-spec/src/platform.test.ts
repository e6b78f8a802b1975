import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  choosePlatform,
  formatPlatform,
  hostPlatform,
  ImageSpecError,
  matchPlatform,
  normalisePlatform,
  parsePlatform,
  rankPlatforms,
  type Platform,
} from "./index.ts";

function platform(text: string): Platform {
  const [os = "", architecture = "", variant] = text.split("/");
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

function offers(...texts: string[]) {
  return texts.map((text) => ({ platform: platform(text), text }));
}

describe("one spelling for each platform, as containerd's", () => {
  test.each([
    ["linux/x86_64", "linux/amd64"],
    ["linux/x86-64", "linux/amd64"],
    ["Linux/AMD64", "linux/amd64"],
    ["linux/amd64/v1", "linux/amd64"],
    ["linux/amd64/v2", "linux/amd64/v2"],
    ["linux/aarch64", "linux/arm64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm64/8", "linux/arm64"],
    ["linux/arm64/v8.0", "linux/arm64"],
    ["linux/arm64/9", "linux/arm64/v9"],
    ["linux/arm64/v9.0", "linux/arm64/v9"],
    ["linux/arm64/8.2", "linux/arm64/v8.2"],
    ["linux/arm", "linux/arm/v7"],
    ["linux/arm/7", "linux/arm/v7"],
    ["linux/armhf", "linux/arm/v7"],
    ["linux/armel", "linux/arm/v6"],
    ["linux/arm/v5", "linux/arm/v5"],
    ["linux/i386", "linux/386"],
    ["linux/i686", "linux/386"],
    ["linux/riscv64", "linux/riscv64"],
    ["linux/ppc64le/power9", "linux/ppc64le/power9"],
    ["linux/constructor", "linux/constructor"],
  ])("%s is %s", (from, to) => {
    expect(formatPlatform(normalisePlatform(platform(from)))).toBe(to);
  });

  test.prop([fc.string(), fc.string(), fc.option(fc.string(), { nil: undefined })])(
    "a normal spelling stays as it is",
    (os, architecture, variant) => {
      const once = normalisePlatform({ os, architecture, variant });
      expect(normalisePlatform(once)).toEqual(once);
    },
  );
});

describe("what is wanted takes what is offered, downwards only", () => {
  test.each([
    ["linux/amd64", "linux/amd64"],
    ["linux/amd64", "linux/amd64/v1"],
    ["linux/amd64/v3", "linux/amd64"],
    ["linux/amd64/v3", "linux/amd64/v2"],
    ["linux/arm/v7", "linux/arm/v6"],
    ["linux/arm/v7", "linux/arm/v5"],
    ["linux/arm/v8", "linux/arm/v7"],
    ["linux/arm", "linux/arm/v7"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm64/v8.2", "linux/arm64"],
    ["linux/arm64/v8.2", "linux/arm64/v8.1"],
    ["linux/arm64/v9", "linux/arm64/v8.5"],
    ["linux/arm64/v9.1", "linux/arm64/v8.6"],
    ["linux/ppc64le/power9", "linux/ppc64le/power9"],
  ])("%s takes %s", (wanted, offered) => {
    expect(matchPlatform(platform(wanted), platform(offered))).toBeGreaterThan(0);
  });

  test.each([
    ["linux/amd64", "linux/amd64/v2"],
    ["linux/amd64/v2", "linux/amd64/v3"],
    ["linux/arm/v6", "linux/arm/v7"],
    ["linux/arm/v6", "linux/arm"],
    ["linux/arm64", "linux/arm64/v8.1"],
    ["linux/arm64", "linux/arm64/v9"],
    ["linux/arm64/v9", "linux/arm64/v8.6"],
    ["linux/arm64", "linux/arm/v7"],
    ["linux/arm64", "linux/arm/v8"],
    ["linux/amd64", "linux/386"],
    ["linux/amd64", "windows/amd64"],
    ["linux/ppc64le", "linux/ppc64le/power9"],
    ["linux/amd64", "linux/amd64/haswell"],
    ["linux/amd64", "unknown/unknown"],
    ["linux/arm/v7", "linux/arm/v4"],
  ])("%s does not take %s", (wanted, offered) => {
    expect(matchPlatform(platform(wanted), platform(offered))).toBe(0);
  });

  test("what an offer needs of the os must be wanted too", () => {
    const windows = { os: "windows", architecture: "amd64" };
    const needing = { ...windows, "os.features": ["win32k"] };
    expect(matchPlatform(windows, needing)).toBe(0);
    expect(matchPlatform(needing, needing)).toBeGreaterThan(0);
    expect(matchPlatform(needing, windows)).toBeGreaterThan(0);
  });
});

describe("a choice among offers", () => {
  test("takes the same variant first, then the highest below it", () => {
    const ranked = rankPlatforms(
      platform("linux/amd64/v3"),
      offers("linux/amd64", "linux/amd64/v2", "linux/amd64/v4", "linux/amd64/v3"),
    );
    expect(ranked.map(({ text }) => text)).toEqual(["linux/amd64/v3", "linux/amd64/v2", "linux/amd64"]);
  });

  test("takes the first of equals, as they stand in the index", () => {
    const [first, second] = offers("linux/amd64", "linux/amd64/v1");
    expect(
      choosePlatform(
        platform("linux/amd64"),
        [first, second].filter((offer) => offer !== undefined),
      ),
    ).toBe(first);
  });

  test("never takes an offer without a platform", () => {
    expect(rankPlatforms(platform("linux/amd64"), [{}, { platform: undefined }])).toEqual([]);
  });

  test("without a match is PLATFORM_NOT_FOUND, whose hint lists what there is, attestations left out", () => {
    const all = offers("linux/arm64/v8", "unknown/unknown", "linux/s390x");
    expect(() => choosePlatform(platform("linux/amd64"), all)).toThrow(
      expect.objectContaining({
        code: "PLATFORM_NOT_FOUND",
        message: expect.stringContaining("linux/amd64"),
        hint: "it is made for linux/arm64, linux/s390x",
      }),
    );
    expect(() => choosePlatform(platform("linux/amd64"), [])).toThrow(/nothing/);
  });
});

describe("a platform in words", () => {
  test.each([
    ["linux/amd64", { os: "linux", architecture: "amd64" }],
    ["arm64", { os: "linux", architecture: "arm64" }],
    ["aarch64", { os: "linux", architecture: "arm64" }],
    ["linux/arm/6", { os: "linux", architecture: "arm", variant: "v6" }],
  ])("%s is read", (text, expected) => {
    expect(parsePlatform(text)).toEqual(expected);
  });

  test.each(["", "/", "linux/", "linux//v7", "a/b/c/d", "linux/amd 64", "linux/../etc", "x".repeat(65)])(
    "%j is PLATFORM_INVALID",
    (text) => {
      expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: "PLATFORM_INVALID" }));
    },
  );

  test.prop([fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9_/.-]{1,30}$/))])(
    "whatever the text, it is a platform that formats to its own spelling, or a typed error",
    (text) => {
      try {
        const parsed = parsePlatform(text);
        expect(parsePlatform(formatPlatform(parsed))).toEqual(parsed);
      } catch (error) {
        expect(error).toBeInstanceOf(ImageSpecError);
      }
    },
  );

  test("this machine's own is linux, in its normal spelling", () => {
    expect(hostPlatform().os).toBe("linux");
    expect(normalisePlatform(hostPlatform())).toEqual(hostPlatform());
  });
});
