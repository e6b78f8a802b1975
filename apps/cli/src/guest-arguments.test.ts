import { DEFAULT_AGENT_PORT } from "@bootlayer/image-builder";
import { describe, expect, test } from "vitest";
import {
  defaultVsockPort,
  parseAgent,
  parseEmit,
  parseForward,
  parseHostsLine,
  parseMemory,
  parseMount,
  parseNetwork,
  parseOverlay,
  parseSeconds,
  parseService,
  parseVariable,
  parseWords,
} from "./guest-arguments.ts";

test("the agent's port is the library's", () => {
  expect(defaultVsockPort).toBe(DEFAULT_AGENT_PORT);
});

describe("what is read", () => {
  test.each<[(text: string) => unknown, string, unknown]>([
    [parseWords, "/bin/sh", ["/bin/sh"]],
    [parseWords, '["/bin/sh", "-c", "a b"]', ["/bin/sh", "-c", "a b"]],
    [parseWords, "[]", []],
    [parseVariable, "A=b=c", ["A", "b=c"]],
    [parseVariable, "A=", ["A", ""]],
    [parseAgent, "vsock", { vsock: 1024 }],
    [parseAgent, "vsock:5000", { vsock: 5000 }],
    [parseAgent, "serial", { serial: "bootlayer.agent" }],
    [parseAgent, "serial:a.0", { serial: "a.0" }],
    [parseNetwork, "dhcp", { mode: "dhcp" }],
    [
      parseNetwork,
      "10.0.0.2/24,fd00::2/64,10.0.0.1",
      { mode: "static", addresses: ["10.0.0.2/24", "fd00::2/64"], gateways: ["10.0.0.1"] },
    ],
    [parseHostsLine, "db:10.0.0.9", { address: "10.0.0.9", names: ["db"] }],
    [parseHostsLine, "db:[fd00::9]", { address: "fd00::9", names: ["db"] }],
    [parseHostsLine, "db:fd00::9", { address: "fd00::9", names: ["db"] }],
    [parseService, "log=/bin/log", { name: "log", command: ["/bin/log"] }],
    [parseService, 'log=["/bin/log","-v"]', { name: "log", command: ["/bin/log", "-v"] }],
    [parseMount, "/dev/vdb:/data", { device: "/dev/vdb", path: "/data" }],
    [parseMount, "/dev/vdb:/d:xfs:ro,a", { device: "/dev/vdb", path: "/d", type: "xfs", options: "ro,a" }],
    [parseOverlay, "tmpfs", { kind: "tmpfs" }],
    [parseOverlay, "tmpfs:50%", { kind: "tmpfs", size: "50%" }],
    [parseOverlay, "/dev/vdb:xfs", { kind: "device", device: "/dev/vdb", type: "xfs" }],
    [parseOverlay, "LABEL=upper", { kind: "device", device: "LABEL=upper" }],
    [parseForward, "8080:80", { hostPort: 8080, guestPort: 80, protocol: "tcp" }],
    [
      parseForward,
      "0.0.0.0:53:53/udp",
      { hostAddress: "0.0.0.0", hostPort: 53, guestPort: 53, protocol: "udp" },
    ],
    [parseEmit, "qemu", { format: "qemu", file: undefined }],
    [parseEmit, "firecracker:a:b.json", { format: "firecracker", file: "a:b.json" }],
    [parseSeconds, "0.5", 0.5],
    [parseMemory, "512", 512],
    [parseMemory, "512MiB", 512],
    [parseMemory, "2G", 2048],
  ])("%o: %s", (parse, text, expected) => {
    expect(parse(text)).toEqual(expected);
  });
});

describe("what is refused, with the form that it should have", () => {
  test.each<[(text: string) => unknown, string]>([
    [parseWords, "[1]"],
    [parseWords, '["a"'],
    [parseVariable, "=b"],
    [parseVariable, "A"],
    [parseAgent, "vsock:x"],
    [parseAgent, "tcp:80"],
    [parseAgent, "serial:"],
    [parseNetwork, "auto"],
    [parseNetwork, "10.0.0.1"],
    [parseHostsLine, "db"],
    [parseMount, "/dev/vdb"],
    [parseOverlay, "disk"],
    [parseForward, "80"],
    [parseForward, "a:80"],
    [parseEmit, "vmware"],
    [parseEmit, "qemu:"],
    [parseSeconds, "0"],
    [parseSeconds, "-1"],
    [parseSeconds, "1.2.3"],
    [parseSeconds, "soon"],
    [parseMemory, "much"],
  ])("%o: %j", (parse, text) => {
    expect(() => parse(text)).toThrow(SyntaxError);
    expect(() => parse(text)).toThrow(JSON.stringify(text));
  });
});
