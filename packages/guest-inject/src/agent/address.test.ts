import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { GuestAgentError } from "../errors.ts";
import { formatAgentAddress, parseAgentAddress } from "./address.ts";

test.each([
  ["unix:/run/agent.sock", { kind: "unix", path: "/run/agent.sock" }],
  ["unix:relative:1024", { kind: "unix", path: "relative:1024" }],
  ["firecracker:/v.sock", { kind: "firecracker", path: "/v.sock", port: 1024 }],
  ["firecracker:/v.sock:52", { kind: "firecracker", path: "/v.sock", port: 52 }],
  ["cloud-hypervisor:/a:b:7", { kind: "cloud-hypervisor", path: "/a:b", port: 7 }],
  ["cloud-hypervisor:/a:b", { kind: "cloud-hypervisor", path: "/a:b", port: 1024 }],
  ["vsock:3", { kind: "vsock", cid: 3, port: 1024 }],
  ["vsock:4294967294:4294967294", { kind: "vsock", cid: 4294967294, port: 4294967294 }],
])("%s is an address", (text, address) => {
  expect(parseAgentAddress(text)).toEqual(address);
});

test.each([
  "",
  "/run/agent.sock",
  "tcp:127.0.0.1:80",
  "UNIX:/a",
  "unix:",
  "unix:/a\0b",
  "firecracker:",
  "firecracker::1024",
  "firecracker:/a:4294967295",
  "vsock:",
  "vsock:-1",
  "vsock:3:",
  "vsock:3:x",
  "vsock:3:1:2",
  "vsock:4294967295",
  "vsock:1e3",
])("%j is none", (text) => {
  expect(() => parseAgentAddress(text)).toThrow(expect.objectContaining({ code: "GUEST_AGENT_ADDRESS" }));
});

const anyText = fc.oneof(
  fc.string(),
  fc.stringMatching(/^(unix|firecracker|cloud-hypervisor|vsock):[a-z0-9:/\n]{0,12}$/),
);

test.prop([anyText])(
  "any text is an address that is read again from its own text, or a typed error",
  (text) => {
    try {
      const address = parseAgentAddress(text);
      expect(parseAgentAddress(formatAgentAddress(address))).toEqual(address);
    } catch (error) {
      expect(error).toBeInstanceOf(GuestAgentError);
      expect(error).toHaveProperty("code", "GUEST_AGENT_ADDRESS");
    }
  },
);
