import { expect, test } from "vitest";
import { GuestError } from "./errors.ts";
import { parseGuestConfig } from "./guest-config.ts";

test("an empty configuration is one: all is as the image says, and nothing listens", () => {
  expect(parseGuestConfig({}, "guest.yaml")).toEqual({
    version: 1,
    init: "auto",
    process: {},
    hosts: [],
    files: [],
    services: [],
    mounts: [],
    onExit: "power-off",
  });
});

test.for<[string, unknown, string]>([
  ["an unknown key", { hostnam: "a" }, "hostnam"],
  ["an unknown key below", { process: { usr: "a" } }, "usr"],
  ["a later version", { version: 2 }, "version"],
  ["a relative guest path", { files: [{ content: "", guest: "etc/a" }] }, "files[0].guest"],
  ["a file with neither host nor content", { files: [{ guest: "/a" }] }, "files[0]"],
  ["a file with both", { files: [{ guest: "/a", host: "a", content: "" }] }, "files[0]"],
  ["a mode that is not octal", { files: [{ guest: "/a", content: "", mode: "0789" }] }, "files[0].mode"],
  ["an owner beyond 32 bits", { files: [{ guest: "/a", content: "", uid: 2 ** 32 }] }, "files[0].uid"],
  ["an agent that listens nowhere", { agent: {} }, "agent"],
  ["a static network without address", { network: { mode: "static", addresses: [] } }, "network.addresses"],
  ["an address without prefix", { network: { mode: "static", addresses: ["10.0.0.2"] } }, "addresses[0]"],
  ["a NUL in an argument", { process: { cmd: ["a\0b"] } }, "process.cmd[0]"],
  ["a variable's name with =", { process: { env: { "A=B": "c" } } }, "process.env"],
  ["a host name with a slash", { hostname: "a/b" }, "hostname"],
  ["a variable that is a number", { process: { env: { PATH: 1 } } }, "process.env.PATH"],
  ["a host name that no kernel takes", { hostname: `${"a".repeat(60)}.example` }, "hostname"],
  ["a guest path with NUL", { files: [{ guest: "/a\0b", content: "" }] }, "files[0].guest"],
  ["a guest path with ..", { files: [{ guest: "/a/../b", content: "" }] }, "files[0].guest"],
  [
    "a path of more bytes than Linux takes",
    { files: [{ guest: `/${"\u00e4".repeat(2048)}`, content: "" }] },
    "files[0].guest",
  ],
  ["content without a name", { files: [{ guest: "/a/", content: "" }] }, "files[0]"],
  [
    "the owner that stands for none",
    { files: [{ guest: "/a", content: "", gid: 2 ** 32 - 1 }] },
    "files[0].gid",
  ],
  [
    "two gateways of one family",
    { network: { mode: "static", addresses: ["10.0.0.2/24"], gateways: ["10.0.0.1", "10.0.0.3"] } },
    "network.gateways",
  ],
  [
    "an interface's name of 16 bytes",
    { network: { mode: "dhcp", interface: "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4" } },
    "network.interface",
  ],
  ["a soft limit over the hard one", { process: { limits: { nofile: [2, 1] } } }, "process.limits.nofile"],
  ["a limit that Linux does not have", { process: { limits: { files: 1 } } }, "process.limits"],
  ["a signal that is none", { process: { stopSignal: "SIGNONE" } }, "process.stopSignal"],
  [
    "two services of one name",
    {
      services: [
        { name: "a", command: ["/a"] },
        { name: "a", command: ["/b"] },
      ],
    },
    "services",
  ],
  [
    "a service that is not an absolute path",
    { services: [{ name: "a", command: ["a"] }] },
    "services[0].command",
  ],
  ["a service without a command", { services: [{ name: "a", command: [] }] }, "services[0].command"],
  [
    "more services than the init starts",
    { services: Array.from({ length: 65 }, (_, n) => ({ name: `s${n}`, command: ["/a"] })) },
    "services",
  ],
  [
    "a private key",
    { ssh: { authorizedKeys: ["-----BEGIN OPENSSH PRIVATE KEY-----"] } },
    "ssh.authorizedKeys[0]",
  ],
  ["a key of two lines", { ssh: { authorizedKeys: ["ssh-ed25519 A\nssh-rsa B"] } }, "ssh.authorizedKeys[0]"],
  ["a module's path for its name", { modules: { load: ["../evil"] } }, "modules.load[0]"],
  ["a size of a tmpfs that is none", { overlay: { kind: "tmpfs", size: "1t" } }, "overlay.size"],
  ["a mount without a type", { mounts: [{ device: "/dev/vdb", path: "/a", type: "" }] }, "mounts[0].type"],
  ["a port beyond vsock's", { agent: { vsock: 2 ** 32 - 1 } }, "agent.vsock"],
  ["no object", 7, "guest.yaml"],
])("%s is refused by name", ([, input, named]) => {
  let caught: unknown;
  try {
    parseGuestConfig(input, "guest.yaml");
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(GuestError);
  expect(caught).toMatchObject({ code: "GUEST_CONFIG" });
  expect(String(caught)).toContain(named);
});
