import { requireJudge } from "@bootlayer/test-fixtures";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { parseGuestConfig, type GuestConfigInput } from "./guest-config.ts";
import { openrcServices, runlevelLink, type OpenrcService } from "./openrc-services.ts";

function servicesOf(guest: GuestConfigInput, initRunsFirst = false): OpenrcService[] {
  return openrcServices(parseGuestConfig(guest, "guest.yaml"), initRunsFirst);
}

test("nothing asked for is nothing put in", () => {
  expect(servicesOf({})).toEqual([]);
  expect(servicesOf({ network: { mode: "none" } })).toEqual([]);
});

test("the network comes up at boot, all else in the default runlevel", () => {
  const all = servicesOf({
    network: { mode: "dhcp" },
    agent: { vsock: 1 },
    services: [{ name: "x", command: ["/x"] }],
  });
  expect(all.map(runlevelLink)).toEqual([
    { path: "/etc/runlevels/boot/bootlayer-network", target: "/etc/init.d/bootlayer-network" },
    { path: "/etc/runlevels/default/bootlayer-agent", target: "/etc/init.d/bootlayer-agent" },
    { path: "/etc/runlevels/default/bootlayer-service-x", target: "/etc/init.d/bootlayer-service-x" },
  ]);
});

test("the network is brought up once: by our init, where that runs first", () => {
  expect(servicesOf({ network: { mode: "dhcp" } }, true)).toEqual([]);
});

test.for(["A-B", "1A", "command", "command_args", "umask", "bootlayer_argument_1"])(
  "the variable %s, which a shell cannot export or a script means otherwise, is refused by name",
  (variable) => {
    expect(() => servicesOf({ services: [{ name: "a", command: ["/a"], env: { [variable]: "" } }] })).toThrow(
      expect.objectContaining({
        code: "GUEST_CONFIG",
        message: expect.stringContaining(`"${variable}"`) as string,
      }),
    );
  },
);

test.for(["/a b", "/a'b", "/a$b", "/a*", "/a;b", "/a\n"])(
  "a program at %j, which OpenRC would take apart, is refused",
  (path) => {
    expect(() => servicesOf({ services: [{ name: "a", command: [path] }] })).toThrow(
      expect.objectContaining({ code: "GUEST_CONFIG" }),
    );
  },
);

const shell = requireJudge("sh");
describe.skipIf(shell.skip)(`as a shell reads them${shell.reason}`, () => {
  test("all scripts are shell", async () => {
    const all = servicesOf({
      network: { mode: "dhcp" },
      agent: { serial: "a" },
      services: [
        { name: "kept", command: ["/x", "it's"] },
        { name: "once", command: ["/x"], restart: false },
      ],
    });
    for (const { script } of all)
      expect(await execa("sh", ["-n"], { input: script })).toMatchObject({ exitCode: 0, stderr: "" });
  });
});
