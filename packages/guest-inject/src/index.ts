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
export { readGuestConfig } from "./read-guest-config.ts";
export { mergeGuestConfig } from "./merge-guest-config.ts";
export { parseInjection } from "./parse-injection.ts";
export { initArchitecture } from "./init-binary.ts";
export { prepareGuest, type PrepareOptions } from "./prepare-guest.ts";
export { planGuest } from "./plan-guest.ts";
export { guestLayer, type GuestLayer } from "./inject-layer.ts";
export { guestInitrd, type InitrdOptions } from "./initrd.ts";
export { filesOfPlan } from "./guest-plan.ts";
export { guestPaths } from "./paths.ts";
export type {
  EntryContent,
  ExposedPort,
  GuestImage,
  GuestPlan,
  InitSystem,
  InjectedAttributes,
  InjectedEntry,
  PlanOptions,
  PreparedFile,
  PreparedGuest,
  PreparedModule,
} from "./guest-plan.ts";
export {
  parseGroup,
  parsePasswd,
  resolveUser,
  type GroupEntry,
  type PasswdEntry,
  type ResolvedUser,
} from "./passwd.ts";
export { encodeInitConf } from "./encode-init-conf.ts";
export type { GuestService, HandOver, InitConf, RunProgram } from "./init-conf.ts";
export { diagnose } from "./doctor/diagnose.ts";
export type { DiagnoseOptions, DoctorImage } from "./doctor/doctor-image.ts";
export type { Finding, FindingCode, Severity } from "./doctor/finding.ts";
export { kernelSymbol, type KernelFacts, type KernelSymbol } from "./doctor/kernel-facts.ts";
export { readKernel } from "./doctor/read-kernel.ts";
export { launchFile } from "./launch/launch-file.ts";
export type {
  LaunchAgent,
  LaunchDisk,
  LaunchFile,
  LaunchFormat,
  LaunchMachine,
  LaunchNetwork,
  PortForward,
} from "./launch/machine.ts";
export { bootWithQemu } from "./boot/boot-with-qemu.ts";
export { qemuDiskBus } from "./boot/disk-bus.ts";
export type { Accelerator, BootEvent, BootOptions, BootOutcome } from "./boot/boot-options.ts";
export type { ConsoleMark } from "./boot/console-mark.ts";
export {
  DEFAULT_AGENT_PORT,
  formatAgentAddress,
  parseAgentAddress,
  type AgentAddress,
} from "./agent/address.ts";
export { connectAgent, type ConnectOptions } from "./agent/connect-agent.ts";
export {
  openAgentSession,
  type CallOptions,
  type GuestAgent,
  type OpenOptions,
} from "./agent/guest-agent.ts";
export type { GuestFile } from "./agent/guest-file.ts";
export type { GuestProcess } from "./agent/guest-process.ts";
export type { GuestText } from "./agent/guest-text.ts";
export type { FileAttributes, GuestStatus, ProgramExit } from "./agent/replies.ts";
export type { ExecRequest, GuestIdentity, PutOptions, TerminalSize } from "./agent/requests.ts";
export {
  GuestAgentError,
  GuestError,
  type AgentRefusal,
  type GuestAgentErrorCode,
  type GuestErrorCode,
} from "./errors.ts";
