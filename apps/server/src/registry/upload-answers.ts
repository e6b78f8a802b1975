import { DistributionError } from "./distribution-error.ts";

/** An upload, and the repository that it is for. */
export interface UploadName {
  readonly repository: string;
  readonly id: string;
}

export const maxBlobBytes: number = 128 * 2 ** 30;

export function uploadUnknown(id: string): DistributionError {
  return new DistributionError(
    404,
    "BLOB_UPLOAD_UNKNOWN",
    `there is no upload ${JSON.stringify(id.slice(0, 100))} of this repository`,
  );
}

export function outOfOrder({ repository, id }: UploadName, size: number): DistributionError {
  return new DistributionError(416, "BLOB_UPLOAD_INVALID", `the next part begins at byte ${size}`, {
    headers: { location: uploadLocation({ repository, id }), range: uploadRange(size) },
  });
}

export function blobTooLong(): DistributionError {
  return new DistributionError(413, "SIZE_INVALID", `a blob has at most ${maxBlobBytes} bytes`);
}

export function tooMany(what: string): DistributionError {
  return new DistributionError(429, "TOOMANYREQUESTS", `too many at once: ${what}`, {
    headers: { "retry-after": "5" },
  });
}

/** Where the next request of an upload goes. */
export function uploadLocation({ repository, id }: UploadName): string {
  return `/v2/${repository}/blobs/uploads/${id}`;
}

/** What has come, as the specification writes it: `0-0` of an upload that has nothing yet too. */
export function uploadRange(length: number): string {
  return `0-${Math.max(length - 1, 0)}`;
}
