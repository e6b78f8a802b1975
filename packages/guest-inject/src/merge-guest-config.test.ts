import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { parseGuestConfig, type GuestConfigInput } from "./guest-config.ts";
import { mergeGuestConfig } from "./merge-guest-config.ts";

const base: GuestConfigInput = {
  version: 1,
  init: "systemd",
  hostname: "base",
  hosts: [{ address: "10.0.0.1", names: ["a"] }],
  dns: { servers: ["10.0.0.1"], search: ["a"] },
  network: { mode: "static", addresses: ["10.0.0.2/24"], mtu: 1400 },
  files: [{ guest: "/a", content: "base" }],
  services: [{ name: "a", command: ["/a"] }],
  agent: { vsock: 1 },
  ssh: { user: "me", authorizedKeys: ["key1"] },
  mounts: [{ device: "/dev/vdb", path: "/data" }],
  process: {
    entrypoint: ["/a"],
    cmd: ["x"],
    user: "app",
    env: { A: "1", B: "1" },
    limits: { nofile: 1, core: 0 },
  },
};

test.for<[string, GuestConfigInput, GuestConfigInput]>([
  ["nothing changes nothing", {}, base],
  ["what is undefined changes nothing", { hostname: undefined, process: { user: undefined } }, base],
  ["a value replaces", { hostname: "over", init: "auto" }, { ...base, hostname: "over", init: "auto" }],
  [
    "a network replaces the whole network",
    { network: { mode: "dhcp" } },
    { ...base, network: { mode: "dhcp" } },
  ],
  ["name servers replace all of dns", { dns: { servers: [] } }, { ...base, dns: { servers: [] } }],
  [
    "lists are appended to",
    {
      hosts: [{ address: "10.0.0.2", names: ["b"] }],
      files: [{ guest: "/a", content: "over" }],
      services: [{ name: "b", command: ["/b"] }],
      mounts: [{ device: "/dev/vdc", path: "/more" }],
    },
    {
      ...base,
      hosts: [...(base.hosts ?? []), { address: "10.0.0.2", names: ["b"] }],
      files: [...(base.files ?? []), { guest: "/a", content: "over" }],
      services: [...(base.services ?? []), { name: "b", command: ["/b"] }],
      mounts: [...(base.mounts ?? []), { device: "/dev/vdc", path: "/more" }],
    },
  ],
  ["the agent listens on both", { agent: { serial: "s" } }, { ...base, agent: { vsock: 1, serial: "s" } }],
  [
    "keys are added, for the user of the file",
    { ssh: { authorizedKeys: ["key2"] } },
    { ...base, ssh: { user: "me", authorizedKeys: ["key1", "key2"] } },
  ],
  [
    "or for another",
    { ssh: { user: "root", authorizedKeys: ["key2"] } },
    { ...base, ssh: { user: "root", authorizedKeys: ["key1", "key2"] } },
  ],
  [
    "variables and limits are merged by name",
    { process: { env: { B: "2", C: "2" }, limits: { nofile: 2 } } },
    {
      ...base,
      process: { ...base.process, env: { A: "1", B: "2", C: "2" }, limits: { nofile: 2, core: 0 } },
    },
  ],
  [
    "an entrypoint drops the cmd that was meant for another",
    { process: { entrypoint: ["/b"] } },
    {
      ...base,
      process: { entrypoint: ["/b"], user: "app", env: { A: "1", B: "1" }, limits: { nofile: 1, core: 0 } },
    },
  ],
  [
    "a cmd replaces the cmd alone",
    { process: { cmd: [] } },
    { ...base, process: { ...base.process, cmd: [] } },
  ],
])("%s", ([, over, expected]) => {
  expect(mergeGuestConfig(base, over)).toEqual(expected);
});

test("a file that has been read can be laid under flags, and is checked again as a whole", () => {
  const file = parseGuestConfig(base, "guest.yaml");
  const merged = mergeGuestConfig(file, { services: [{ name: "a", command: ["/again"] }] });
  expect(() => parseGuestConfig(merged, "flags")).toThrow(expect.objectContaining({ code: "GUEST_CONFIG" }));
});

const config = fc.constantFrom<GuestConfigInput>(
  base,
  {},
  { hostname: "x" },
  { process: { cmd: ["a"] } },
  { agent: { serial: "x" } },
);
property.prop([config, config])(
  "neither configuration is changed, and nothing under everything is that",
  (one, two) => {
    const before = structuredClone([one, two]);
    mergeGuestConfig(one, two);
    expect([one, two]).toEqual(before);
    expect(mergeGuestConfig({}, one)).toEqual(one);
  },
);
