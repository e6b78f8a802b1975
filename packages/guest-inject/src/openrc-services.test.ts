import { fc, test as property } from "@fast-check/vitest";
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

test("a variable that a shell cannot export is refused by name", () => {
  expect(() => servicesOf({ services: [{ name: "a", command: ["/a"], env: { "A-B": "" } }] })).toThrow(
    expect.objectContaining({ code: "GUEST_CONFIG", message: expect.stringContaining('"A-B"') as string }),
  );
});

const shell = requireJudge("sh", "printf");
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
    for (const { script } of all) await execa("sh", ["-n"], { input: script });
  });

  const word = fc.string({ maxLength: 8 }).filter((text) => !text.includes("\0"));
  property.prop([fc.array(word, { maxLength: 4 }), word], { numRuns: 30 })(
    "every word of a command, and every variable, comes through both readings of openrc-run",
    async (words, value) => {
      const [service] = servicesOf({
        services: [{ name: "a", command: ["/x y", ...words], env: { SAID: value } }],
      });
      // As openrc's sh/supervise-daemon.sh does: `eval supervise-daemon ... "$command" -- "$command_args"`.
      const openrcRun = `${service?.script ?? ""}\neval printf '%s\\\\0' "$command" "$command_args" '"$SAID"'`;
      const { stdout } = await execa("sh", ["-c", openrcRun], {
        encoding: "buffer",
        stripFinalNewline: false,
      });
      expect(Buffer.from(stdout).toString()).toBe(["/x y", ...words, value, ""].join("\0"));
    },
  );
});
