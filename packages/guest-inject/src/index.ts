export { guestConfigSchema, type GuestConfig, type GuestConfigInput } from "./guest-config.ts";
export type { GuestService, HandOver, InitConf, RunProgram } from "./init-conf.ts";
export { GuestError, type GuestErrorCode } from "./errors.ts";
