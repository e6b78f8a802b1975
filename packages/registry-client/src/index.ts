export {
  formatReference,
  isRepository,
  isTag,
  parseReference,
  parseRegistry,
  type Reference,
} from "./reference.ts";
export {
  createRegistryClient,
  type ElsewhereRequest,
  type RegistryClient,
  type RegistryRequest,
} from "./client.ts";
export type { RegistryClientOptions } from "./options.ts";
export type { PlainHttp } from "./endpoint.ts";
export type { RetryPolicy } from "./retry.ts";
export type { Clock } from "./clock.ts";
export type { HttpMethod, HttpResponse, RequestBody } from "./transport.ts";
export type { TlsSettings } from "./tls-settings.ts";
export { registryLogin, type Credentials, type CredentialSource } from "./auth/credentials.ts";
export type { RegistryEndpoint, RegistryRoute, RouteSource } from "./route.ts";
export type { ProxySource } from "./settings/proxy-environment.ts";
export {
  registrySettings,
  type RegistrySettings,
  type RegistrySettingsOptions,
} from "./settings/registry-settings.ts";
export { removeCredentials, saveCredentials } from "./auth/save-credentials.ts";
export { verifyLogin } from "./auth/verify-login.ts";
export type { HelperLogin } from "./auth/credential-helper.ts";
export type { AuthFileOptions } from "./auth/auth-file.ts";
export { dockerConfigCredentials, type DockerConfigOptions } from "./auth/docker-config.ts";
export { resolveImage, type ResolveOptions } from "./resolve.ts";
export { fetchManifest, type FetchedManifest } from "./manifest.ts";
export { fetchBlob, type FetchBlobOptions } from "./blob-download.ts";
export { pushBlob, type PushBlobOptions, type PushedBlob } from "./blob-upload.ts";
export type { OpenBlob } from "./blob-reader.ts";
export { pushManifest, type PushedManifest, type PushManifestOptions } from "./manifest-upload.ts";
export { listTags } from "./tags.ts";
export { listReferrers, type ListReferrersOptions } from "./referrers.ts";
export type { RegistryEvent } from "./events.ts";
export { RegistryError, type RegistryErrorCode, type RegistryErrorOptions } from "./errors.ts";
