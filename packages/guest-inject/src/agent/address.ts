import { GuestAgentError } from "../errors.ts";

/** Where a guest's agent is reached. */
export type AgentAddress =
  /** The socket of QEMU's chardev behind the guest's virtio-serial port. */
  | { readonly kind: "unix"; readonly path: string }
  /** The socket in which Firecracker and Cloud Hypervisor give a guest's vsock to the host. */
  | { readonly kind: "firecracker" | "cloud-hypervisor"; readonly path: string; readonly port: number }
  /** The host kernel's own vsock (vhost-vsock). */
  | { readonly kind: "vsock"; readonly cid: number; readonly port: number };

/** The port on which the agent listens where none is named. */
export const DEFAULT_AGENT_PORT = 1024;

const maxPort = 0xffff_fffe;
const maxCid = 0xffff_fffe;

/**
 * Reads `unix:PATH`, `firecracker:PATH[:PORT]`, `cloud-hypervisor:PATH[:PORT]` or `vsock:CID[:PORT]`. In a path with colons, digits
 * after the last one are a port.
 *
 * @throws {GuestAgentError} GUEST_AGENT_ADDRESS
 */
export function parseAgentAddress(text: string): AgentAddress {
  const [, kind, rest = ""] = /^([a-z-]+):(.*)$/s.exec(text) ?? [];
  switch (kind) {
    case "unix":
      return { kind, path: pathOf(rest, text) };
    case "firecracker":
    case "cloud-hypervisor": {
      const [, path = rest, port] = /^(.*):(\d+)$/s.exec(rest) ?? [];
      return { kind, path: pathOf(path, text), port: portOf(port, text) };
    }
    case "vsock": {
      const [, cid, port] = /^(\d+)(?::(\d+))?$/.exec(rest) ?? [];
      return { kind, cid: numberOf(cid, maxCid, "context identifier", text), port: portOf(port, text) };
    }
    default:
      throw wrong(text, "begins with none of unix:, firecracker:, cloud-hypervisor: and vsock:");
  }
}

/**
 * The address, if its parts are such as `parseAgentAddress` gives.
 *
 * @throws {GuestAgentError} GUEST_AGENT_ADDRESS
 */
export function checkAgentAddress(address: AgentAddress): AgentAddress {
  const text = formatAgentAddress(address);
  if (address.kind === "vsock") numberOf(String(address.cid), maxCid, "context identifier", text);
  else pathOf(address.path, text);
  if (address.kind !== "unix") numberOf(String(address.port), maxPort, "port", text);
  return address;
}

/** The text that `parseAgentAddress` reads. */
export function formatAgentAddress(address: AgentAddress): string {
  switch (address.kind) {
    case "unix":
      return `unix:${address.path}`;
    case "firecracker":
    case "cloud-hypervisor":
      return `${address.kind}:${address.path}:${address.port}`;
    case "vsock":
      return `vsock:${address.cid}:${address.port}`;
  }
}

function pathOf(path: string, text: string): string {
  if (path === "") throw wrong(text, "names no socket");
  if (path.includes("\0")) throw wrong(text, "holds a NUL character");
  return path;
}

function portOf(digits: string | undefined, text: string): number {
  return digits === undefined ? DEFAULT_AGENT_PORT : numberOf(digits, maxPort, "port", text);
}

function numberOf(digits: string | undefined, max: number, what: string, text: string): number {
  const number = Number(digits);
  if (digits === undefined || !/^\d+$/.test(digits) || number > max)
    throw wrong(text, `has no ${what} of at most ${max}`);
  return number;
}

function wrong(text: string, what: string): GuestAgentError {
  return new GuestAgentError(
    "GUEST_AGENT_ADDRESS",
    `the agent's address ${JSON.stringify(text)} ${what}`,
    "give unix:PATH, firecracker:PATH[:PORT], cloud-hypervisor:PATH[:PORT] or vsock:CID[:PORT]",
  );
}
