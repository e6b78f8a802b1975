import { BootlayerError } from "@bootlayer/errors";

export type GuestErrorCode =
  | "GUEST_CONFIG"
  | "GUEST_FILE"
  | "GUEST_FILE_CHANGED"
  | "GUEST_MODULE"
  | "GUEST_ARCHITECTURE"
  | "GUEST_INIT_SYSTEM"
  | "GUEST_PROCESS"
  | "GUEST_ENTRYPOINT"
  | "GUEST_USER"
  | "GUEST_GROUP"
  | "GUEST_IMAGE"
  | "GUEST_KERNEL"
  | "GUEST_LAUNCH"
  | "GUEST_QEMU_MISSING"
  | "GUEST_BOOT_FAILED"
  | "GUEST_BOOT_TIMEOUT";

/** What was asked of a guest cannot be had, or not of this image. */
export class GuestError extends BootlayerError<GuestErrorCode> {}

export type GuestAgentErrorCode =
  | "GUEST_AGENT_ADDRESS"
  | "GUEST_AGENT_REQUEST"
  | "GUEST_AGENT_UNREACHABLE"
  | "GUEST_AGENT_PROTOCOL"
  | "GUEST_AGENT_REFUSED"
  | "GUEST_AGENT_LOST";

/** Why a guest's agent refused: the codes of init/agent-protocol.md. */
export type AgentRefusal =
  | "protocol"
  | "not-found"
  | "permission"
  | "not-executable"
  | "exists"
  | "no-space"
  | "limit"
  | "invalid"
  | "unsupported"
  | "io";

/** The agent in a guest is not there, does not do what was asked, or talks nonsense. */
export class GuestAgentError extends BootlayerError<GuestAgentErrorCode> {
  /** With GUEST_AGENT_REFUSED, the agent's own reason. */
  readonly refusal: AgentRefusal | undefined;

  constructor(
    code: GuestAgentErrorCode,
    message: string,
    hint: string,
    options?: ErrorOptions & { readonly refusal?: AgentRefusal },
  ) {
    super(code, message, hint, options);
    this.refusal = options?.refusal;
  }
}
