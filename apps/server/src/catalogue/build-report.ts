import {
  formatPlatform,
  type BuildResult,
  type FetchDiskResult,
  type Platform,
} from "@bootlayer/image-builder";

/** What is told of a build that is ready; the disk's own part is kept with the disk, for builds that find it there. */
export interface BuildReport {
  /** Of the manifest for the platform. */
  readonly digest: string;
  readonly platform: string;
  readonly format: BuildResult["format"];
  readonly key: string;
  /** Length of the disk, holes included. */
  readonly bytes: number;
  readonly dataBytes: number;
  /** Hex. */
  readonly sha256: string;
  /** Whether the disk was there already. */
  readonly cached: boolean;
  /** Whether the disk came from the source's registry, in place of being built; absent in what older versions kept. */
  readonly fetched?: boolean;
  /** Of the build that made the disk. */
  readonly stages: BuildResult["stages"];
  readonly layers: BuildResult["layers"];
  readonly warnings: readonly string[];
  readonly guest?: BuildResult["guest"];
}

export function reportOf(result: BuildResult, sha256: string): BuildReport {
  const { digest, platform, format, key, bytes, dataBytes, stages, layers, warnings, guest } = result;
  return {
    digest,
    platform: formatPlatform(platform),
    format,
    key,
    bytes,
    dataBytes,
    sha256,
    cached: false,
    fetched: false,
    stages,
    layers,
    warnings,
    guest,
  };
}

/** Of a disk that was fetched. The platform is the image's, as it was resolved here. */
export function fetchedReportOf(
  { description, dataRegions, stages }: FetchDiskResult,
  platform: Platform,
): BuildReport {
  const { manifest, format, key, bytes, sha256, warnings, guest } = description;
  return {
    digest: manifest.digest,
    platform: formatPlatform(platform),
    format,
    key,
    bytes,
    dataBytes: dataRegions.reduce((sum, { length }) => sum + length, 0),
    sha256,
    cached: false,
    fetched: true,
    stages,
    layers: [],
    warnings,
    guest: guest && { as: "layer", initrd: undefined, ...guest },
  };
}
