import { BootlayerError } from "@bootlayer/errors";

export type RegistryErrorCode =
  | "REFERENCE_INVALID"
  | "REGISTRY_OPTIONS"
  | "REGISTRY_AUTH_CONFIG"
  | "REGISTRY_CREDENTIAL_HELPER"
  | "REGISTRY_SETTINGS"
  | "REGISTRY_BLOCKED"
  | "REGISTRY_PROXY"
  | "REGISTRY_NOT_FOUND"
  | "REGISTRY_UNAUTHORIZED"
  | "REGISTRY_DENIED"
  | "REGISTRY_RATE_LIMITED"
  | "REGISTRY_UNAVAILABLE"
  | "REGISTRY_REJECTED"
  | "REGISTRY_UNREACHABLE"
  | "REGISTRY_TLS"
  | "REGISTRY_INTERRUPTED"
  | "REGISTRY_STALLED"
  | "REGISTRY_PROTOCOL"
  | "REGISTRY_RESPONSE_TOO_LARGE"
  | "REGISTRY_RANGE"
  | "REGISTRY_REDIRECT_REFUSED"
  | "REGISTRY_ADDRESS_REFUSED"
  | "REGISTRY_REALM_REFUSED"
  | "REGISTRY_CLOSED";

export interface RegistryErrorOptions extends ErrorOptions {
  /** The HTTP status that was answered. */
  readonly status?: number | undefined;
  /** Whether the same request may succeed a moment later. */
  readonly isTransient?: boolean;
  /** How long the server asked to wait. */
  readonly retryAfterMilliseconds?: number | undefined;
}

/** A registry, or the way to it, that did not give what was asked. Its message never holds a secret. */
export class RegistryError extends BootlayerError<RegistryErrorCode> {
  readonly status: number | undefined;
  readonly isTransient: boolean;
  readonly retryAfterMilliseconds: number | undefined;

  constructor(code: RegistryErrorCode, message: string, hint: string, options: RegistryErrorOptions = {}) {
    super(code, message, hint, options);
    this.status = options.status;
    this.isTransient = options.isTransient ?? false;
    this.retryAfterMilliseconds = options.retryAfterMilliseconds;
  }
}
