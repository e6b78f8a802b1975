export { startServer, type RunningServer } from "./server.ts";
export { runServer, type ServerProcess } from "./run-server.ts";
export { parseSettings, type SettingValues } from "./parse-settings.ts";
export { settingFlags, type SettingFlag, type SettingName } from "./settings-flags.ts";
export type {
  AccessSettings,
  ArtifactSettings,
  LimitSettings,
  RetentionSettings,
  ServerSettings,
} from "./settings.ts";
export { ServerError, type ServerErrorCode } from "./errors.ts";
