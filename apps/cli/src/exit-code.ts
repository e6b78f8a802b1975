import { isBootlayerError } from "@bootlayer/errors";
import type { BuildErrorCode } from "@bootlayer/image-builder";

/** What the shell is told; docs/cli.md explains each. Values never change their meaning. */
export const exitCodes = {
  success: 0,
  /** A fault of bootlayer itself. */
  unexpected: 1,
  usage: 2,
  notFound: 3,
  accessRefused: 4,
  network: 5,
  badImage: 6,
  limit: 7,
  localFile: 8,
  doesNotFit: 9,
  guest: 10,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Every code that a build can end with has an exit code: the compiler asks for one when a package adds a code. */
const exitCodeByError: Readonly<Record<BuildErrorCode, ExitCode>> = {
  SOURCE_INVALID: exitCodes.usage,
  OPTIONS_INVALID: exitCodes.usage,
  OUTPUT_NOT_A_FILE: exitCodes.usage,
  REFERENCE_INVALID: exitCodes.usage,
  PLATFORM_INVALID: exitCodes.usage,
  REGISTRY_OPTIONS: exitCodes.usage,
  REGISTRY_SETTINGS: exitCodes.usage,
  STORE_NAME_INVALID: exitCodes.usage,
  STORE_OPTIONS: exitCodes.usage,
  EXT4_OPTIONS_INVALID: exitCodes.usage,
  SQUASHFS_OPTIONS_INVALID: exitCodes.usage,
  SQUASHFS_COMPRESSOR_MISSING: exitCodes.usage,
  FLATTEN_OPTIONS: exitCodes.usage,

  SOURCE_NOT_FOUND: exitCodes.notFound,
  DAEMON_NOT_FOUND: exitCodes.notFound,
  PATH_NOT_FOUND: exitCodes.notFound,
  DISK_NOT_FOUND: exitCodes.notFound,
  PLATFORM_NOT_FOUND: exitCodes.notFound,
  REGISTRY_NOT_FOUND: exitCodes.notFound,
  STORE_IMAGE_NOT_FOUND: exitCodes.notFound,
  STORE_IMAGE_AMBIGUOUS: exitCodes.notFound,

  REGISTRY_AUTH_CONFIG: exitCodes.accessRefused,
  REGISTRY_CREDENTIAL_HELPER: exitCodes.accessRefused,
  REGISTRY_BLOCKED: exitCodes.accessRefused,
  REGISTRY_UNAUTHORIZED: exitCodes.accessRefused,
  REGISTRY_DENIED: exitCodes.accessRefused,

  REGISTRY_RATE_LIMITED: exitCodes.network,
  REGISTRY_UNAVAILABLE: exitCodes.network,
  REGISTRY_REJECTED: exitCodes.network,
  REGISTRY_UNREACHABLE: exitCodes.network,
  REGISTRY_PROXY: exitCodes.network,
  REGISTRY_TLS: exitCodes.network,
  REGISTRY_INTERRUPTED: exitCodes.network,
  REGISTRY_STALLED: exitCodes.network,
  REGISTRY_PROTOCOL: exitCodes.network,
  REGISTRY_RESPONSE_TOO_LARGE: exitCodes.network,
  REGISTRY_RANGE: exitCodes.network,
  REGISTRY_REDIRECT_REFUSED: exitCodes.network,
  REGISTRY_ADDRESS_REFUSED: exitCodes.network,
  REGISTRY_REALM_REFUSED: exitCodes.network,
  REGISTRY_CLOSED: exitCodes.network,
  DAEMON_UNREACHABLE: exitCodes.network,
  DAEMON_REFUSED: exitCodes.network,
  DAEMON_INTERRUPTED: exitCodes.network,

  SOURCE_ARCHIVE: exitCodes.badImage,
  DISK_INVALID: exitCodes.badImage,
  DIGEST_INVALID: exitCodes.badImage,
  BLOB_SIZE: exitCodes.badImage,
  BLOB_DIGEST: exitCodes.badImage,
  DOCUMENT_INVALID: exitCodes.badImage,
  DOCUMENT_UNSUPPORTED: exitCodes.badImage,
  DOCUMENT_TOO_LARGE: exitCodes.badImage,
  INDEX_TOO_COMPLEX: exitCodes.badImage,
  MEDIA_TYPE_UNSUPPORTED: exitCodes.badImage,
  PATH_SYMLINK_LOOP: exitCodes.badImage,
  STORE_INVALID: exitCodes.badImage,
  STORE_BLOB_MISSING: exitCodes.badImage,
  STORE_BLOB_DAMAGED: exitCodes.badImage,

  TAR_TRUNCATED: exitCodes.badImage,
  TAR_HEADER: exitCodes.badImage,
  TAR_NUMBER: exitCodes.badImage,
  TAR_NAME: exitCodes.badImage,
  TAR_TYPEFLAG: exitCodes.badImage,
  TAR_PAX: exitCodes.badImage,
  TAR_SPARSE: exitCodes.badImage,
  LAYER_COMPRESSION: exitCodes.badImage,
  LAYER_DECOMPRESS: exitCodes.badImage,
  LAYER_DIFF_ID: exitCodes.badImage,
  LAYER_PATH_ESCAPES: exitCodes.badImage,
  LAYER_PATH_LOOP: exitCodes.badImage,
  LAYER_ROOT: exitCodes.badImage,
  LAYER_WHITEOUT: exitCodes.badImage,
  LAYER_LINK_TARGET: exitCodes.badImage,
  LAYER_SOURCE_CHANGED: exitCodes.badImage,

  SOURCE_LIMIT: exitCodes.limit,
  TAR_LIMIT: exitCodes.limit,
  LAYER_LIMIT: exitCodes.limit,

  GUEST_CONFIG: exitCodes.usage,
  GUEST_FILE: exitCodes.usage,
  GUEST_FILE_CHANGED: exitCodes.localFile,
  GUEST_MODULE: exitCodes.usage,
  GUEST_ARCHITECTURE: exitCodes.usage,
  GUEST_INIT_SYSTEM: exitCodes.badImage,
  GUEST_PROCESS: exitCodes.badImage,
  GUEST_ENTRYPOINT: exitCodes.badImage,
  GUEST_USER: exitCodes.badImage,
  GUEST_GROUP: exitCodes.badImage,
  GUEST_IMAGE: exitCodes.badImage,
  GUEST_KERNEL: exitCodes.usage,
  GUEST_LAUNCH: exitCodes.usage,
  GUEST_QEMU_MISSING: exitCodes.guest,
  GUEST_BOOT_FAILED: exitCodes.guest,
  GUEST_BOOT_TIMEOUT: exitCodes.guest,
  GUEST_AGENT_ADDRESS: exitCodes.usage,
  GUEST_AGENT_REQUEST: exitCodes.usage,
  GUEST_AGENT_UNREACHABLE: exitCodes.guest,
  GUEST_AGENT_PROTOCOL: exitCodes.guest,
  GUEST_AGENT_REFUSED: exitCodes.guest,
  GUEST_AGENT_LOST: exitCodes.guest,

  EXT4_SIZE_TOO_SMALL: exitCodes.doesNotFit,
  EXT4_TOO_LARGE: exitCodes.doesNotFit,
  EXT4_TOO_MANY_LINKS: exitCodes.doesNotFit,
  EXT4_SYMLINK_TOO_LONG: exitCodes.doesNotFit,
  EXT4_XATTR_UNSUPPORTED: exitCodes.doesNotFit,
  EXT4_XATTRS_TOO_LARGE: exitCodes.doesNotFit,
  EXT4_ACL_INVALID: exitCodes.doesNotFit,
  SQUASHFS_TOO_MANY_IDS: exitCodes.doesNotFit,
  SQUASHFS_XATTR_UNSUPPORTED: exitCodes.doesNotFit,
  SQUASHFS_XATTRS_TOO_LARGE: exitCodes.doesNotFit,
  SQUASHFS_TOO_LARGE: exitCodes.doesNotFit,

  // Only a fault of our own leads to these.
  SQUASHFS_WORKER: exitCodes.unexpected,
  SQUASHFS_CONTENT_INVALID: exitCodes.unexpected,
  SQUASHFS_TREE_INVALID: exitCodes.unexpected,
  SQUASHFS_WRITER_STATE: exitCodes.unexpected,
  EXT4_CONTENT_INVALID: exitCodes.unexpected,
  EXT4_WRITER_STATE: exitCodes.unexpected,
  EXT4_TREE_INVALID: exitCodes.unexpected,
  FLATTEN_WORKER: exitCodes.unexpected,

  SOURCE_CHANGED: exitCodes.localFile,
  STORE_BUSY: exitCodes.localFile,
  STORE_FULL: exitCodes.localFile,
  FILE_NO_SPACE: exitCodes.localFile,
  FILE_DENIED: exitCodes.localFile,
  FILE_NOT_FOUND: exitCodes.localFile,
  FILE_EXISTS: exitCodes.localFile,
  FILE_TOO_LARGE: exitCodes.localFile,
  FILE_FAILED: exitCodes.localFile,

  // The signal decides; this stands for an abort by other means.
  CANCELLED: exitCodes.interrupted,
};

/** What keeps a server from starting. */
const exitCodeByServerError: Readonly<Record<string, ExitCode>> = {
  SERVER_SETTINGS: exitCodes.usage,
  SERVER_LISTEN: exitCodes.usage,
  SERVER_DATABASE: exitCodes.localFile,
};

export function exitCodeOf(error: unknown): ExitCode {
  if (!isBootlayerError(error)) return exitCodes.unexpected;
  const { code } = error;
  if (Object.hasOwn(exitCodeByError, code)) return exitCodeByError[code as BuildErrorCode];
  const ofServer = Object.hasOwn(exitCodeByServerError, code) ? exitCodeByServerError[code] : undefined;
  return ofServer ?? exitCodes.unexpected;
}

/** What a person is told: the message and the hint; a fault of our own with its stack, for the report. */
export function formatError(error: unknown): string {
  if (isBootlayerError(error)) return `bootlayer: ${error.message}\n  ${error.hint} (${error.code})`;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `bootlayer: this is a fault of bootlayer itself, please report it\n${stack}`;
}
