import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { GUEST_MODULES, requireCloudKernel, requireJudge } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { boots, bootTree, BUSYBOX, guestModules, shellConf, type GuestFile } from "./init-guest.ts";

const tools = requireJudge("cpio", "busybox");
const kernel = await requireCloudKernel();
const judge = tools.skip ? tools : kernel;

/** What a guest on QEMU's network comes to, and whether it reaches a server of the host through the gateway. */
async function bootOnNetwork(
  records: string,
  options: { readonly append?: string; readonly files?: Record<string, GuestFile> } = {},
): Promise<string> {
  await using server = createServer((_, response) => response.end("answer of the host\n"));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const script = `
    ip addr show dev eth0; ip -4 route; ip -6 route
    ip addr show dev lo
    echo "resolv.conf is $(stat -c %F /etc/resolv.conf)"; cat /etc/resolv.conf
    echo "name $(hostname)"
    wget -qO- http://10.0.2.2:${port}/`;
  const modules = await guestModules(...GUEST_MODULES);
  return await bootTree(
    {
      conf: `${modules.conf}\n${shellConf(script)}\n${records}`,
      files: { ...BUSYBOX, ...modules.files, ...options.files },
    },
    { ports: [], ...(options.append === undefined ? {} : { append: options.append }) },
  );
}

function expectReached(console: string): void {
  expect(console).not.toMatch(/bootlayer: (warning|failed)/);
  expect(console).toContain("\nanswer of the host\nbootlayer: exit 0\n");
  // The loopback is up always.
  expect(console).toMatch(/ lo: <LOOPBACK,UP,LOWER_UP> [^]*inet 127\.0\.0\.1\/8 [^]*inet6 ::1\/128 /);
}

describe.skipIf(judge.skip)(`a network${judge.reason}`, boots, () => {
  test("by fixed addresses of both families has its MTU, routes and name servers", async () => {
    const console = await bootOnNetwork(
      String.raw`network static
interface eth0
address 10.0.2.77/24
address fec0::77/64
gateway 10.0.2.2
gateway fec0::2
mtu 1400
hostname fixed.example
resolv-conf nameserver\x2010.0.2.3\x0aoptions\x20edns0\x0a`,
      // As systemd-resolved leaves it: a link to what is not there.
      { files: { "etc/resolv.conf": { link: "../run/systemd/resolve/stub-resolv.conf" } } },
    );
    expectReached(console);
    expect(console).toMatch(/ eth0: <[^>]*UP[^>]*> mtu 1400 /);
    expect(console).toContain(" inet 10.0.2.77/24 brd 10.0.2.255 ");
    expect(console).toContain(" inet6 fec0::77/64 ");
    expect(console).toContain("\ndefault via 10.0.2.2 dev eth0 ");
    expect(console).toContain("\ndefault via fec0::2 dev eth0 ");
    expect(console).toContain("\nresolv.conf is regular file\nnameserver 10.0.2.3\noptions edns0\n");
    expect(console).toContain("\nname fixed.example\n");
  });

  test("by DHCP has what the server says, written through a link of resolv.conf that leads somewhere", async () => {
    const console = await bootOnNetwork("network dhcp\nhostname asking", {
      files: { "etc/resolv.conf": { link: "/run/resolv.conf" }, "run/resolv.conf": "nameserver 192.0.2.1\n" },
    });
    expectReached(console);
    expect(console).toContain(" inet 10.0.2.15/24 brd 10.0.2.255 ");
    expect(console).toContain("\ndefault via 10.0.2.2 dev eth0 ");
    expect(console).toContain("\nresolv.conf is symbolic link\nnameserver 10.0.2.3\n");
  });

  test("by the kernel's ip= is set up by the init where the kernel does not know it", async () => {
    const console = await bootOnNetwork("network kernel", {
      append: "ip=10.0.2.50::10.0.2.2:255.255.255.0:by-kernel:eth0:off:10.0.2.3",
    });
    expectReached(console);
    expect(console).toContain(" inet 10.0.2.50/24 brd 10.0.2.255 ");
    expect(console).toContain("\ndefault via 10.0.2.2 dev eth0 ");
    expect(console).toContain("\nresolv.conf is regular file\nnameserver 10.0.2.3\n");
    expect(console).toContain("\nname by-kernel\n");
  });
});
