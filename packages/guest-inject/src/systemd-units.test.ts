import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { parseGuestConfig, type GuestConfigInput } from "./guest-config.ts";
import { systemdFiles, type SystemdOptions } from "./systemd-units.ts";

function filesOf(guest: GuestConfigInput, options: Partial<SystemdOptions> = {}): Map<string, string> {
  const files = systemdFiles(parseGuestConfig(guest, "guest.yaml"), {
    initRunsFirst: false,
    hasUdev: true,
    ...options,
  });
  return new Map(
    files.map(({ path, what }) => [path, what.kind === "text" ? what.text : `-> ${what.target}`]),
  );
}

const units = "/etc/systemd/system";
const wants = `${units}/multi-user.target.wants`;

test("nothing asked for is nothing put in", () => {
  expect(filesOf({}).size).toBe(0);
  expect(filesOf({ network: { mode: "none" } }).size).toBe(0);
});

test("each unit has its link, and the preset enables it", () => {
  const files = filesOf({
    network: { mode: "dhcp" },
    agent: { vsock: 1024 },
    services: [{ name: "helper", command: ["/helper"] }],
  });
  const names = ["network", "agent", "service-helper"].map((name) => `bootlayer-${name}.service`);
  for (const name of names) expect(files.get(`${wants}/${name}`)).toBe(`-> ${units}/${name}`);
  expect(files.get("/usr/lib/systemd/system-preset/00-bootlayer.preset")).toBe(
    names.map((name) => `enable ${name}\n`).join(""),
  );
  expect(files.size).toBe(7);
});

test.for<[GuestConfigInput["agent"], string]>([
  [{ vsock: 1024 }, '"--vsock" "1024"'],
  [{ serial: "a.0" }, '"--serial" "a.0"'],
  [{ vsock: 1, serial: "a" }, '"--vsock" "1" "--serial" "a"'],
])("the agent of %j listens there", ([agent, words]) => {
  expect(filesOf({ agent }).get(`${units}/bootlayer-agent.service`)).toContain(
    `\nExecStart="/usr/lib/bootlayer/init" "agent" ${words}\n`,
  );
});

test("the network is brought up once: by our init, where that runs first", () => {
  expect(filesOf({ network: { mode: "dhcp" } }, { initRunsFirst: true }).size).toBe(0);
});

test("without udev nothing waits for the consoles' devices", () => {
  const files = filesOf({}, { hasUdev: false });
  expect([...files]).toEqual(
    ["ttyS0", "ttyAMA0", "hvc0"].map((name) => [`${units}/dev-${name}.device`, "-> /dev/null"]),
  );
});

test("words survive systemd's quotes, variables and specifiers", () => {
  const unit = filesOf({
    services: [
      {
        name: "odd",
        command: ["/a b%", "$HOME", 'say "hi"', "\\", "line\nbreak", "", ";"],
        env: { A: "$x %y\t" },
        restart: false,
      },
    ],
  }).get(`${units}/bootlayer-service-odd.service`);
  expect(unit).toContain(
    String.raw`ExecStart="/a b%%" "$$HOME" "say \"hi\"" "\\" "line\x0abreak" "" ";"` + "\n",
  );
  expect(unit).toContain(String.raw`Environment="A=$x %%y\x09"` + "\nRestart=no\n");
});

test("a variable that systemd would drop is refused by name", () => {
  expect(() => filesOf({ services: [{ name: "a", command: ["/a"], env: { "A-B": "" } }] })).toThrow(
    expect.objectContaining({ code: "GUEST_CONFIG", message: expect.stringContaining('"A-B"') as string }),
  );
});

function linesOf(command: readonly string[]): string[] | undefined {
  const files = filesOf({ services: [{ name: "a", command }] });
  return files.get(`${units}/bootlayer-service-a.service`)?.split("\n");
}

property.prop([
  fc.array(
    fc.string().filter((word) => !word.includes("\0")),
    { maxLength: 4 },
  ),
])("no word of a command can begin a line of its own", (words) => {
  expect(linesOf(["/a", ...words])).toHaveLength(linesOf(["/a"])?.length ?? 0);
});
