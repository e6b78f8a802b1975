export {
  parseGuestConfig,
  type Dns,
  type GuestConfig,
  type GuestConfigInput,
  type GuestNetwork,
  type GuestNetworkInput,
  type HostsLine,
  type InjectedFile,
  type InjectedFileInput,
  type LimitValue,
  type MountConfig,
  type MountConfigInput,
  type OverlayConfig,
  type OverlayConfigInput,
  type ProcessOverrides,
  type ServiceConfig,
  type ServiceConfigInput,
} from "./guest-config.ts";
export { encodeInitConf } from "./encode-init-conf.ts";
export type { GuestService, HandOver, InitConf, RunProgram } from "./init-conf.ts";
export { GuestError, type GuestErrorCode } from "./errors.ts";
