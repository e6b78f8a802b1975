import { BootlayerError } from "@bootlayer/errors";

export type ServerErrorCode =
  | "SERVER_SETTINGS"
  | "SERVER_LISTEN"
  | "SERVER_DATABASE"
  | "REQUEST_INVALID"
  | "REQUEST_TOO_LARGE"
  | "REQUEST_RATE_LIMITED"
  | "ROUTE_NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "PRECONDITION_FAILED"
  | "RANGE_UNSATISFIABLE"
  | "TOKEN_MISSING"
  | "TOKEN_REFUSED"
  | "TOKEN_NOT_FOUND"
  | "SOURCE_FORBIDDEN"
  | "BUILD_NOT_FOUND"
  | "BUILD_STATE"
  | "BUILD_CREDENTIALS_GONE"
  | "BUILD_WORKER_LOST"
  | "QUOTA_BUILDS"
  | "QUOTA_DISK"
  | "ARTIFACT_NOT_FOUND"
  | "ARTIFACT_STORE"
  | "SERVER_STOPPING"
  | "INTERNAL";

/** A request that the server cannot carry out, or a setting that it cannot start with. */
export class ServerError extends BootlayerError<ServerErrorCode> {}
