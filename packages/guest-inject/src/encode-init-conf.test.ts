import { fc, test as property } from "@fast-check/vitest";
import { byteString, byteStringOf, bytesOf } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { encodeInitConf } from "./encode-init-conf.ts";
import { GuestError } from "./errors.ts";
import type { InitConf, RunProgram } from "./init-conf.ts";

const program: RunProgram = {
  kind: "program",
  argv: [byteString("/bin/a b"), byteString("")],
  env: [byteString("PATH=/bin"), byteString("SAY=ä\n\\")],
  cwd: byteString("/"),
  uid: 1,
  gid: 2,
  groups: [3, 4],
  limits: [{ name: "nofile", soft: 1024, hard: "unlimited" }],
  terminal: true,
  stdin: true,
  stopSignal: 3,
  stopTimeoutSeconds: 5,
};

function linesOf(conf: InitConf): string[] {
  return Buffer.from(encodeInitConf(conf)).toString("latin1").split("\n");
}

test("a program is told with its identity in numbers, its words escaped", () => {
  expect(linesOf({ run: program })).toEqual([
    "bootlayer-init 1",
    String.raw`argv /bin/a\x20b`,
    String.raw`argv \e`,
    "env PATH=/bin",
    String.raw`env SAY=\xc3\xa4\x0a\x5c`,
    "cwd /",
    "user 1 2",
    "group 3",
    "group 4",
    "limit nofile 1024 unlimited",
    "terminal",
    "stdin console",
    "stop-signal 3",
    "stop-timeout 5",
    "",
  ]);
});

test("everything else has its record, what must come first before what needs it", () => {
  const full: InitConf = {
    run: { kind: "hand-over", path: byteString("/lib/systemd/systemd") },
    hostname: "guest",
    machineId: true,
    modules: ["/lib/modules/a.ko"],
    root: { device: "LABEL=a b", type: "ext4", options: "rw" },
    overlay: { kind: "tmpfs" },
    mounts: [{ device: "/dev/vdb", path: "/data", type: "ext4", options: "rw" }],
    tmpfs: [{ path: "/var/tmp", mode: 0o1777, size: "64m" }],
    network: {
      mode: "static",
      interface: "eth0",
      addresses: ["10.0.0.2/24"],
      gateways: ["10.0.0.1"],
      mtu: 1400,
    },
    resolvConf: "nameserver 10.0.0.1\n",
    agent: { vsock: 1024, serial: "agent.0" },
    services: [{ name: "helper", argv: ["/helper", "-v"], env: ["A=1"], restart: false }],
    onExit: "reboot",
  };
  expect(linesOf(full)).toEqual([
    "bootlayer-init 1",
    "module /lib/modules/a.ko",
    String.raw`root LABEL=a\x20b ext4 rw`,
    String.raw`overlay tmpfs \e`,
    "mount /dev/vdb /data ext4 rw",
    "tmpfs /var/tmp 1777 64m",
    "hostname guest",
    "machine-id",
    "network static",
    "interface eth0",
    "address 10.0.0.2/24",
    "gateway 10.0.0.1",
    "mtu 1400",
    String.raw`resolv-conf nameserver\x2010.0.0.1\x0a`,
    "agent-vsock 1024",
    "agent-serial agent.0",
    "hand-over /lib/systemd/systemd",
    "service helper",
    "service-argv /helper",
    "service-argv -v",
    "service-env A=1",
    "service-once",
    "on-exit reboot",
    "",
  ]);
});

test("a field that holds NUL is refused", () => {
  expect(() => encodeInitConf({ run: { ...program, argv: [byteString("a\0b")] } })).toThrow(GuestError);
});

function conf(length: number): InitConf {
  return { run: program, resolvConf: "x".repeat(length) };
}

test("1 MiB is what the init reads, and nothing over it is written", () => {
  const rest = encodeInitConf(conf(1)).length - 1;
  expect(encodeInitConf(conf(2 ** 20 - rest))).toHaveLength(2 ** 20);
  expect(() => encodeInitConf(conf(2 ** 20 - rest + 1))).toThrow(
    expect.objectContaining({
      code: "GUEST_CONFIG",
      message: expect.stringContaining("1048577 bytes") as string,
    }),
  );
});

test.for<[string, Partial<InitConf>]>([
  ["a relative working directory", { run: { ...program, cwd: byteString("srv") } }],
  ["a long working directory", { run: { ...program, cwd: byteString(`/${"a/".repeat(2048)}`) } }],
  ["a relative init", { run: { kind: "hand-over", path: byteString("init") } }],
  ["a relative mount point", { mounts: [{ device: "a", path: "b", type: "ext4", options: "rw" }] }],
  ["a relative volume", { tmpfs: [{ path: "a", mode: 0o755 }] }],
  ["a relative module", { modules: ["a.ko"] }],
])("%s, which the init would refuse, is refused", ([, part]) => {
  expect(() => encodeInitConf({ run: program, ...part })).toThrow(
    expect.objectContaining({ code: "GUEST_CONFIG" }),
  );
});

/** The rule of init-conf.md, read back as the guest does. */
function unescape(field: string): Uint8Array {
  if (field === String.raw`\e`) return Buffer.alloc(0);
  return Buffer.from(
    field.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCodePoint(parseInt(hex, 16))),
    "latin1",
  );
}

property.prop([fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 5 })])(
  "any bytes but NUL survive, and no field ends its line or its neighbour",
  (fields) => {
    const argv = fields.map((bytes) => byteStringOf(bytes.map((byte) => byte || 1)));
    const lines = linesOf({ run: { ...program, argv } }).filter((line) => line.startsWith("argv "));
    expect(lines.every((line) => /^argv [\u0021-\u007e]+$/.test(line))).toBe(true);
    expect(lines.map((line) => Buffer.from(unescape(line.slice(5))))).toEqual(
      argv.map((argument) => Buffer.from(bytesOf(argument))),
    );
  },
);
