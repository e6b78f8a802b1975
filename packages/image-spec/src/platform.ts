import { arch } from "node:process";
import * as z from "zod";
import { ImageSpecError } from "./errors.ts";

/** What an image runs on (image-spec image-index.md, "platform"). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  readonly "os.version"?: string | undefined;
  readonly "os.features"?: readonly string[] | undefined;
}

export const platformSchema: z.ZodType<Platform> = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  "os.version": z.string().optional(),
  "os.features": z.array(z.string()).optional(),
});

// Maps, not objects: an architecture may be called `constructor`.
const aliases: ReadonlyMap<string, readonly [architecture: string, variant?: string]> = new Map([
  ["x86_64", ["amd64"]],
  ["x86-64", ["amd64"]],
  ["aarch64", ["arm64"]],
  ["armhf", ["arm", "v7"]],
  ["armel", ["arm", "v6"]],
  ["i386", ["386"]],
  ["i686", ["386"]],
]);

/** The variants that are steps of a ladder: a machine of a level runs what was built for any lower one. */
const ladders: ReadonlyMap<string, { readonly lowest: number; readonly usual: number }> = new Map([
  ["amd64", { lowest: 1, usual: 1 }],
  ["arm", { lowest: 5, usual: 7 }],
  ["arm64", { lowest: 8, usual: 8 }],
]);

/** Armv9.0 has all of Armv8.5, v9.1 all of v8.6, and so on. */
const minorsPerMajor = 5;

/**
 * One spelling for each platform, as containerd's: x86_64 is amd64, aarch64 arm64, armhf arm/v7, armel arm/v6; arm
 * alone is v7; the variants amd64/v1 and arm64/v8 are the base and are left out.
 */
export function normalisePlatform(platform: Platform): Platform {
  const spelledArchitecture = platform.architecture.toLowerCase();
  const [architecture, implied] = aliases.get(spelledArchitecture) ?? [spelledArchitecture];
  const spelled = platform.variant?.toLowerCase() || implied;
  const variant = spelled?.replace(/^v?(\d+)(?:\.0+|(\.\d+))?$/, "v$1$2");
  const isBase =
    (architecture === "amd64" && variant === "v1") || (architecture === "arm64" && variant === "v8");
  const { variant: _, ...rest } = platform;
  const normalised = { ...rest, os: platform.os.toLowerCase(), architecture };
  if (isBase) return normalised;
  if (architecture === "arm" && variant === undefined) return { ...normalised, variant: "v7" };
  return variant === undefined ? normalised : { ...normalised, variant };
}

/**
 * Reads `os/architecture[/variant]` or an architecture alone (the os is then linux).
 *
 * @throws {ImageSpecError} PLATFORM_INVALID.
 */
export function parsePlatform(text: string): Platform {
  const parts = text.split("/");
  if (parts.length > 3 || !parts.every((part) => /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(part)))
    throw new ImageSpecError(
      "PLATFORM_INVALID",
      `${JSON.stringify(text.slice(0, 200))} is no platform`,
      "write os/architecture or os/architecture/variant, such as linux/arm64",
    );
  const [first = "", second, variant] = parts;
  if (second === undefined) return normalisePlatform({ os: "linux", architecture: first });
  return normalisePlatform({
    os: first,
    architecture: second,
    ...(variant === undefined ? {} : { variant }),
  });
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
}

/** Linux on this machine's architecture: what is wanted when nothing else is said. */
export function hostPlatform(): Platform {
  return normalisePlatform({
    os: "linux",
    architecture: arch === "x64" ? "amd64" : arch === "ia32" ? "386" : arch,
  });
}

/**
 * How well `offered` runs on `wanted`: 0 not at all, else the greater the better. Matches downwards only (amd64/v3
 * takes v2, arm/v7 takes v6), never another architecture; what `offered` needs of the os must be among what is wanted.
 */
export function matchPlatform(wanted: Platform, offered: Platform): number {
  const want = normalisePlatform(wanted);
  const offer = normalisePlatform(offered);
  if (offer.os !== want.os || offer.architecture !== want.architecture) return 0;
  const features = new Set(want["os.features"]);
  if (!(offer["os.features"] ?? []).every((feature) => features.has(feature))) return 0;
  if (offer.variant === want.variant) return Number.MAX_SAFE_INTEGER;
  const wantLevel = level(want);
  const offerLevel = level(offer);
  if (!wantLevel || !offerLevel || offerLevel.major > wantLevel.major) return 0;
  const reachedMinor = wantLevel.minor + minorsPerMajor * (wantLevel.major - offerLevel.major);
  return offerLevel.minor <= reachedMinor ? 1 + offerLevel.major * 1000 + offerLevel.minor : 0;
}

/**
 * The offers that run on a platform, the best match first and equals in their order. Offers without a platform and
 * `unknown/unknown` (attestations) never match.
 */
export function rankPlatforms<Offer extends { readonly platform?: Platform | undefined }>(
  wanted: Platform,
  offers: readonly Offer[],
): Offer[] {
  return offers
    .map((offer) => ({ offer, match: offer.platform ? matchPlatform(wanted, offer.platform) : 0 }))
    .filter(({ match }) => match > 0)
    .toSorted((a, b) => b.match - a.match)
    .map(({ offer }) => offer);
}

/**
 * The best of several offers for one platform; the first of equals, as in an index.
 *
 * @throws {ImageSpecError} PLATFORM_NOT_FOUND, listing what there is.
 */
export function choosePlatform<Offer extends { readonly platform?: Platform | undefined }>(
  wanted: Platform,
  offers: readonly Offer[],
): Offer {
  const [best] = rankPlatforms(wanted, offers);
  if (best) return best;
  throw platformNotFound(wanted, offers);
}

export function platformNotFound(
  wanted: Platform,
  offers: readonly { readonly platform?: Platform | undefined }[],
): ImageSpecError {
  const known = offers.flatMap(({ platform }) =>
    platform && platform.os !== "unknown" ? [formatPlatform(normalisePlatform(platform))] : [],
  );
  return new ImageSpecError(
    "PLATFORM_NOT_FOUND",
    `the image has nothing for ${formatPlatform(wanted)}`,
    `it is made for ${known.slice(0, 20).join(", ") || "no platform at all"}`,
  );
}

function level({
  architecture,
  variant,
}: Platform): { readonly major: number; readonly minor: number } | undefined {
  const ladder = ladders.get(architecture);
  if (!ladder) return undefined;
  if (variant === undefined) return { major: ladder.usual, minor: 0 };
  const [, major, minor = "0"] = /^v(\d{1,3})(?:\.(\d{1,3}))?$/.exec(variant) ?? [];
  return major === undefined || Number(major) < ladder.lowest
    ? undefined
    : { major: Number(major), minor: Number(minor) };
}
