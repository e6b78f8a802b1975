import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, test as property } from "@fast-check/vitest";
import { byteString, byteStringOf, type ByteString } from "@bootlayer/rootfs-tree";
import { afterAll, describe, expect, test } from "vitest";
import { encodeInitConf } from "../src/encode-init-conf.ts";
import type { InitConf, RunProgram } from "../src/init-conf.ts";

const architecture = new Map([
  ["x64", "amd64"],
  ["arm64", "arm64"],
]).get(process.arch);
const canRun = process.platform === "linux" && architecture !== undefined;
const directory = mkdtempSync(join(tmpdir(), "bootlayer-conf-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** What the init of guests makes of a file: nothing, or the reason of its `failed` mark. It may never end in another way. */
function check(content: Uint8Array | string): string {
  const file = join(directory, "init.conf");
  writeFileSync(file, content);
  const init = join(import.meta.dirname, "..", "init", `bootlayer-init-${architecture}`);
  const { status, signal, stderr } = spawnSync(init, ["check", file], { encoding: "latin1" });
  expect([signal, status]).toEqual([null, stderr === "" ? 0 : 1]);
  expect(stderr).toMatch(/^(bootlayer: failed [^\n]+\n)?$/);
  return stderr.replace(`bootlayer: failed ${file}`, "").trimEnd();
}

const head = "bootlayer-init 1\nargv /bin/true\n";

const word = fc.uint8Array({ min: 1, maxLength: 40 }).map((bytes) => byteStringOf(bytes));
const path = word.map((name) => byteString(`/${name}`));
const id = fc.integer({ min: 0, max: 2 ** 32 - 2 });
const limitName = fc.constantFrom(
  "nofile",
  "nproc",
  "core",
  "memlock",
  "stack",
  "as",
  "rtprio",
  "sigpending",
);
const program: fc.Arbitrary<RunProgram> = fc.record({
  kind: fc.constant("program" as const),
  argv: fc.tuple(path, fc.array(word)).map(([first, rest]): ByteString[] => [first, ...rest]),
  env: fc.array(word.map((value) => byteString(`NAME=${value}`))),
  cwd: path,
  uid: id,
  gid: id,
  groups: fc.array(id),
  limits: fc.array(
    fc.record({
      name: limitName,
      soft: fc.maxSafeNat(),
      hard: fc.constant("unlimited" as const),
    }),
  ),
  terminal: fc.boolean(),
  stdin: fc.boolean(),
  stopSignal: fc.integer({ min: 1, max: 64 }),
  stopTimeoutSeconds: fc.integer({ min: 0, max: 86_400 }),
});
const size = fc.constantFrom(undefined, "64m", "10%", "4096");
const conf: fc.Arbitrary<InitConf> = fc.record(
  {
    run: program,
    hostname: fc.constant("guest.example"),
    machineId: fc.boolean(),
    modules: fc.array(fc.constant("/lib/modules/a.ko")),
    root: fc.record({
      device: fc.constantFrom("/dev/vda", "UUID=0-1", "LABEL=ä b"),
      type: fc.constantFrom("ext4", "squashfs", "erofs", "auto"),
      options: fc.constantFrom("", "ro,noatime"),
    }),
    overlay: fc.oneof(
      fc.record({ kind: fc.constant("tmpfs" as const), size }),
      fc.record({
        kind: fc.constant("device" as const),
        device: fc.constant("/dev/vdb"),
        type: fc.constant("ext4"),
      }),
    ),
    tmpfs: fc.array(
      fc.record({ path: fc.constant("/srv"), mode: fc.integer({ min: 0, max: 0o7777 }), size }),
    ),
    network: fc.record({
      mode: fc.constant("static" as const),
      addresses: fc.array(
        fc
          .oneof(
            fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
            fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
          )
          .map(([address, prefix]) => `${address}/${prefix}`),
        { minLength: 1 },
      ),
      gateways: fc.array(fc.oneof(fc.ipV4(), fc.ipV6())),
      mtu: fc.integer({ min: 68, max: 65_535 }),
    }),
    resolvConf: fc.string(),
    agent: fc.constantFrom({ vsock: 1024 }, { serial: "agent" }, {}),
    services: fc.array(
      fc.record({
        name: fc.constant("service"),
        argv: fc.constant(["/bin/service", ""]),
        env: fc.array(fc.constant("A=B")),
        restart: fc.boolean(),
      }),
      { maxLength: 64 },
    ),
    onExit: fc.constantFrom("power-off", "reboot", "halt"),
  },
  { requiredKeys: ["run"] },
);

describe.skipIf(!canRun)(`init.conf as the init reads it${canRun ? "" : " [skipped: needs Linux]"}`, () => {
  property.prop([conf], { numRuns: 200 })("is what the host writes", (asked) => {
    expect(check(encodeInitConf(asked))).toBe("");
  });

  property.prop([fc.uint8Array({ maxLength: 4096 }), fc.boolean()], { numRuns: 200 })(
    "is refused or taken, whatever its bytes are",
    (bytes, hasHead) => {
      check(Buffer.concat([Buffer.from(hasHead ? head : ""), bytes]));
    },
  );

  property.prop([conf, fc.nat(), fc.nat(), fc.uint8Array({ maxLength: 8 })], { numRuns: 300 })(
    "is refused or taken, with any piece of it replaced",
    (asked, start, length, piece) => {
      const bytes = encodeInitConf(asked);
      const from = start % bytes.length;
      const to = from + (length % 64);
      check(Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(to)]));
    },
  );

  test.each([
    ["", ": its first line is not `bootlayer-init 1`"],
    ["bootlayer-init 2\n", ": its version is not 1, which is all that this init knows"],
    ["bootlayer-init 1\n", ": neither argv nor hand-over"],
    [`${head}hand-over /sbin/init\n`, ": both argv and hand-over"],
    [`${head}colour red\n`, ", line 3, colour: unknown"],
    [`${head}\n# said\nmtu 9 9\n`, ", line 5, mtu: too few or too many fields"],
    [`${head}cwd /\ncwd /\n`, ", line 4, cwd: a second one"],
    [`${head}cwd srv\n`, ", line 3, cwd: a path that is not absolute, or too long"],
    [`${head}user 4294967295 0\n`, ", line 3, user: a number that is none, or out of range"],
    [`${head}stop-signal 65\n`, ", line 3, stop-signal: a number that is none, or out of range"],
    [`${head}limit nofile 2 1\n`, ", line 3, limit: a soft limit over the hard one"],
    [`${head}tmpfs /srv 0755 1m,uid=7\n`, ", line 3, tmpfs: a number that is none, or out of range"],
    [`${head}network static\n`, ": network static without an address"],
    [`${head}address 10.0.0.1/33\n`, ", line 3, address: not ADDRESS/PREFIX"],
    [`${head}service-env A=B\n`, ", line 3, service-env: no service above it"],
    [
      `${head}env A\\x00\n`,
      ", line 3: no record: a byte or an escape that may not be there, or no end of line",
    ],
    [`${head}cwd /srv`, ", line 3: no record: a byte or an escape that may not be there, or no end of line"],
    [`${head}${"service a\nservice-argv /a\n".repeat(65)}`, ", line 131, service: too many services"],
  ])("%j is refused with its reason", (text, reason) => {
    expect(check(text)).toBe(reason);
  });

  test("of over a mebibyte is not read", () => {
    expect(check(head + "#\n".repeat(2 ** 19))).toMatch(/: File too large$/);
    expect(check(head + "#\n".repeat(2 ** 19 - 20))).toBe("");
  });
});
