import { S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import { ServerError } from "../errors.ts";
import type { ArtifactSettings } from "../settings.ts";

export type S3Settings = Extract<ArtifactSettings, { kind: "s3" }>;

const connectMilliseconds = 10_000;
/** Of silence on a connection: a part of an upload is answered once all of it has come and is kept. */
const silenceMilliseconds = 120_000;

/** Keys come from where the SDK looks for them: the environment, `~/.aws`, a role of the machine. */
export function createS3Client({ endpoint, region, pathStyle }: S3Settings): S3Client {
  return new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: pathStyle,
    maxAttempts: 5,
    requestHandler: {
      connectionTimeout: connectMilliseconds,
      socketTimeout: silenceMilliseconds,
      requestTimeout: silenceMilliseconds,
      throwOnRequestTimeout: true,
    },
    // Not every store knows the SDK's own; what is uploaded is proved by sha256 or MD5 instead.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
}

/** Of an object or upload; where the bucket itself is missing, nothing is known of what was in it. */
export function isNotFound(error: unknown): boolean {
  return (
    error instanceof S3ServiceException &&
    error.$metadata.httpStatusCode === 404 &&
    error.name !== "NoSuchBucket"
  );
}

/**
 * A failure of the store in our words. The SDK's errors carry what was sent, signatures and key ids among it: only name and status are
 * taken over.
 */
export function storeError(doing: string, error: unknown): ServerError {
  if (error instanceof ServerError) return error;
  const name = error instanceof Error ? error.name : "unknown";
  const code =
    error instanceof Error && "code" in error && typeof error.code === "string" ? ` ${error.code}` : "";
  const status =
    error instanceof S3ServiceException ? ` (${error.$metadata.httpStatusCode ?? "no status"})` : "";
  return new ServerError(
    "ARTIFACT_STORE",
    `cannot ${doing}: ${name}${code}${status}`,
    hints[name] ?? "see whether the store of disks answers, and whether the bucket and the keys are right",
  );
}

const hints: Readonly<Record<string, string>> = {
  NoSuchBucket: "make the bucket first",
  AccessDenied:
    "the keys need to list, read, write and delete objects of the bucket, and to list and abort uploads",
  SignatureDoesNotMatch: "the secret key is wrong, or a proxy changes requests",
  InvalidAccessKeyId: "the key id is wrong",
  CredentialsProviderError: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role",
};
