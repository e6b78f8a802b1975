import { isBootlayerError } from "@bootlayer/errors";
import { ServerError, type ServerErrorCode } from "../errors.ts";

/** distribution-spec "Error Codes". */
export type DistributionErrorCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "SIZE_INVALID"
  | "UNAUTHORIZED"
  | "DENIED"
  | "UNSUPPORTED"
  | "TOOMANYREQUESTS";

export interface DistributionErrorOptions extends ErrorOptions {
  readonly detail?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request of the registry face that is refused, in the specification's words. */
export class DistributionError extends Error {
  readonly status: number;
  readonly code: DistributionErrorCode;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: DistributionErrorCode,
    message: string,
    { detail, headers = {}, ...options }: DistributionErrorOptions = {},
  ) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.headers = headers;
  }
}

const serverRefusals: Partial<Record<ServerErrorCode, readonly [number, DistributionErrorCode]>> = {
  TOKEN_MISSING: [401, "UNAUTHORIZED"],
  TOKEN_REFUSED: [401, "UNAUTHORIZED"],
  REQUEST_RATE_LIMITED: [429, "TOOMANYREQUESTS"],
  REQUEST_TOO_LARGE: [413, "SIZE_INVALID"],
  REQUEST_INVALID: [400, "UNSUPPORTED"],
  QUOTA_DISK: [413, "DENIED"],
};

const otherRefusals: Readonly<Record<string, readonly [number, DistributionErrorCode]>> = {
  FILE_NO_SPACE: [413, "DENIED"],
  FILE_TOO_LARGE: [413, "DENIED"],
  STORE_BUSY: [429, "TOOMANYREQUESTS"],
  STORE_BLOB_MISSING: [404, "BLOB_UNKNOWN"],
  STORE_FULL: [413, "DENIED"],
};

/** What is answered to any failure; undefined for one that says nothing to a client. */
export function refusalOf(error: unknown): DistributionError | undefined {
  if (error instanceof DistributionError) return error;
  if (!isBootlayerError(error)) return malformed(error);
  // A token that is known and may not do this.
  if (error.code === "TOKEN_REFUSED" && "status" in error && error.status === 403)
    return new DistributionError(403, "DENIED", `${error.message}: ${error.hint}`, { cause: error });
  const [status, code] =
    (error instanceof ServerError ? serverRefusals[error.code] : otherRefusals[error.code]) ?? [];
  if (status === undefined || code === undefined) return undefined;
  return new DistributionError(status, code, `${error.message}: ${error.hint}`, { cause: error });
}

/** What Fastify refuses before it comes here, such as a media type that is none. */
function malformed(error: unknown): DistributionError | undefined {
  if (!(error instanceof Error && "statusCode" in error && typeof error.statusCode === "number"))
    return undefined;
  const { statusCode: status, message } = error;
  return status >= 400 && status < 500
    ? new DistributionError(status, "UNSUPPORTED", message, { cause: error })
    : undefined;
}
