import { fc, test as property } from "@fast-check/vitest";
import type { ProcessConfig } from "@bootlayer/image-spec";
import { byteString } from "@bootlayer/rootfs-tree";
import { describe, expect, test } from "vitest";
import { doctorImage, elf, type FixtureEntry } from "../../integration/doctor-fixtures.ts";
import { parseGuestConfig, type GuestConfigInput } from "../guest-config.ts";
import { diagnose } from "./diagnose.ts";
import type { PreparedGuest } from "../guest-plan.ts";
import { prepareGuest } from "../prepare-guest.ts";
import type { DiagnoseOptions } from "./doctor-image.ts";
import type { Finding } from "./finding.ts";

type Entries = Readonly<Record<string, FixtureEntry>>;

async function findingsOf(
  entries: Entries,
  config: ProcessConfig = { Cmd: ["/app"] },
  guest?: GuestConfigInput,
  architecture?: string,
): Promise<readonly Finding[]> {
  return await diagnose(doctorImage(entries, config, architecture), {
    format: "ext4",
    guest: guest && parseGuestConfig(guest, "test"),
  });
}

async function problems(...parameters: Parameters<typeof findingsOf>): Promise<string[]> {
  const findings = await findingsOf(...parameters);
  return findings
    .filter(({ severity }) => severity === "error" || severity === "warning")
    .map(({ code, subject }) => `${code}: ${subject}`);
}

test("a static program without anything beside it is sound", async () => {
  const findings = await findingsOf({ "/app": elf() });
  expect(findings.map(({ code, severity }) => [code, severity])).toEqual([
    ["platform", "ok"],
    ["user", "ok"],
    ["working-directory", "ok"],
    ["program-found", "ok"],
    ["init-system", "ok"],
  ]);
});

test("every finding that is not ok has a remedy, and none has line breaks", async () => {
  const images: Entries[] = [{}, { "/app": "" }, { "/app": "#!/a\nb" }, { "/app": { directory: true } }];
  for (const image of images)
    for (const finding of await findingsOf(image)) {
      expect(finding.severity !== "error" || finding.remedy !== undefined).toBe(true);
      expect(JSON.stringify(finding)).not.toMatch(/\\[nr]/);
    }
});

describe("the program", () => {
  test.for<[string, Entries, string]>([
    ["that is not there", {}, "program-missing: /app"],
    ["that is empty", { "/app": "" }, "program-empty: /app"],
    ["that is a directory", { "/app": { directory: true } }, "program-not-a-file: /app"],
    ["whose symlinks turn in a circle", { "/app": { link: "app" } }, "program-missing: /app"],
    ["without execute bits", { "/app": { content: elf(), mode: 0o644 } }, "program-not-executable: /app"],
    ["that is neither ELF nor script", { "/app": "echo hello" }, "program-format: /app"],
    ["of another machine", { "/app": elf({ machine: 183 }) }, "program-architecture: /app"],
    ["that is an object file", { "/app": elf({ type: 1 }) }, "elf-malformed: /app"],
    ["without its interpreter", { "/app": elf({ interpreter: "/lib/ld.so" }) }, "elf-interpreter: /app"],
    ["that is a script without interpreter", { "/app": "#!/bin/sh\n" }, "shebang-interpreter: /bin/sh"],
    ["that is a script with CR LF", { "/app": "#!/bin/sh\r\n", "/bin/sh": elf() }, "shebang-crlf: /app"],
    ["whose #! is empty", { "/app": "#!\n" }, "shebang-interpreter: /app"],
    ["whose #! has no end", { "/app": `#!/${"x".repeat(400)}` }, "shebang-too-long: /app"],
  ])("%s will not run", async ([, entries, problem]) => {
    expect(await problems(entries)).toEqual([problem]);
  });

  test("of 32 bits runs on the 64-bit machine of the same make", async () => {
    expect(await problems({ "/app": elf({ machine: 3, bits: 32 }) })).toEqual([]);
    expect(await problems({ "/app": elf({ machine: 40, bits: 32 }) }, undefined, undefined, "arm64")).toEqual(
      [],
    );
  });

  test("built for glibc in an image with musl is named as that, and the other way round", async () => {
    const [, , , glibc] = await findingsOf({
      "/app": elf({ interpreter: "/lib64/ld-linux-x86-64.so.2" }),
      "/lib/ld-musl-x86_64.so.1": elf(),
    });
    expect(glibc?.reason).toContain("built for glibc, and the image has musl");
    const [, , , musl] = await findingsOf({
      "/app": elf({ interpreter: "/lib/ld-musl-x86_64.so.1" }),
      "/lib64/ld-linux-x86-64.so.2": elf(),
    });
    expect(musl?.reason).toContain("built for musl, and the image has glibc");
  });

  test("whose interpreter's path lies behind the usual headers is read further", async () => {
    const app = elf({ interpreter: "/lib/ld.so", interpreterAt: 200_000 });
    expect(await problems({ "/app": app, "/lib/ld.so": elf() })).toEqual([]);
    expect(await problems({ "/app": app })).toEqual(["elf-interpreter: /app"]);
  });

  test("is Entrypoint and Cmd together, and a caller's overrides go before both", async () => {
    const image = { "/a": elf(), "/usr/bin/b": elf() };
    const config = { Entrypoint: ["/a"], Cmd: ["/missing"] };
    expect(await problems(image, config)).toEqual([]);
    expect(await problems(image, { Cmd: ["b"] })).toEqual([]);
    expect(await problems(image, config, { process: { entrypoint: ["/no"] } })).toEqual([
      "program-missing: /no",
    ]);
    expect(await problems(image, {}, { process: { cmd: ["/a"] } })).toEqual([]);
    expect(await problems(image, {})).toEqual(["program-unset: Entrypoint"]);
  });

  test("is looked up in the image's PATH, or what a caller puts for it", async () => {
    const image = { "/opt/bin/a": elf() };
    expect(await problems(image, { Cmd: ["a"] })).toEqual(["program-missing: a"]);
    expect(await problems(image, { Cmd: ["a"], Env: ["PATH=/bin", "PATH=/opt/bin"] })).toEqual([]);
    expect(await problems(image, { Cmd: ["a"] }, { process: { env: { PATH: "/opt/bin" } } })).toEqual([]);
  });

  test("must be executable by the user that the image runs as", async () => {
    const image = { "/app": { content: elf(), mode: 0o700 } };
    expect(await problems(image, { Cmd: ["/app"], User: "1000" })).toEqual(["program-not-executable: /app"]);
  });
});

describe("a script", () => {
  const shell = { "/bin/sh": elf() };

  test("may be interpreted by a script, four times over", async () => {
    const entries: Record<string, FixtureEntry> = { ...shell, "/1": "#!/bin/sh\n" };
    for (let level = 2; level <= 5; level++) entries[`/${level}`] = `#!/${level - 1}\n`;
    expect(await problems(entries, { Cmd: ["/4"] })).toEqual([]);
    expect(await problems(entries, { Cmd: ["/5"] })).toEqual(["shebang-too-deep: /1"]);
  });

  test("that interprets itself comes to an end", async () => {
    expect(await problems({ "/app": "#!/app\n" })).toEqual(["shebang-too-deep: /app"]);
  });

  test("for env needs the program that env looks up", async () => {
    const env = { "/usr/bin/env": elf() };
    const app = { ...env, "/app": "#!/usr/bin/env python3\n" };
    expect(await problems(app)).toEqual(["shebang-env: python3"]);
    expect(await problems({ ...app, "/usr/bin/python3": elf() })).toEqual([]);
    expect(await problems({ ...env, "/app": "#!/usr/bin/env python3 -u\n" })).toEqual([
      "shebang-arguments: /app",
    ]);
    expect(
      await problems({ ...env, "/usr/bin/python3": elf(), "/app": "#!/usr/bin/env -S python3 -u\n" }),
    ).toEqual([]);
  });

  test("whose interpreter is of another machine will not run", async () => {
    expect(await problems({ "/app": "#!/bin/sh\n", "/bin/sh": elf({ machine: 183 }) })).toEqual([
      "program-architecture: /bin/sh",
    ]);
  });
});

describe("the user", () => {
  const app = { "/app": elf() };
  test("by name needs a line in passwd, by number none", async () => {
    const passwd = { content: "web:x:33:34::/srv:/bin/sh\n", mode: 0o644 };
    expect(await problems(app, { Cmd: ["/app"], User: "web" })).toEqual(["user: USER web"]);
    expect(await problems({ ...app, "/etc/passwd": passwd }, { Cmd: ["/app"], User: "web" })).toEqual([]);
    expect(await problems(app, { Cmd: ["/app"], User: "1000:1000" })).toEqual([]);
  });

  test("that a caller gives replaces the image's", async () => {
    expect(await problems(app, { Cmd: ["/app"], User: "web" }, { process: { user: "0" } })).toEqual([]);
  });
});

test.each<[string, string, Entries]>([
  ["is fine where it is there", "ok", { "/srv/data": { directory: true } }],
  ["is made if missing", "note", {}],
  ["cannot be made below a file", "error", { "/srv": "file" }],
  ["is no link to itself", "error", { "/srv/data": { link: "data" } }],
])("a working directory %s", async (_, severity, entries) => {
  const config = { Cmd: ["/app"], WorkingDir: "/srv/data" };
  const findings = await findingsOf({ "/app": elf(), ...entries }, config);
  expect(findings.find(({ code }) => code === "working-directory")?.severity).toBe(severity);
});

async function initFinding(
  entries: Entries,
  config: ProcessConfig,
  guest?: GuestConfigInput,
): Promise<Finding | undefined> {
  return (await findingsOf(entries, config, guest)).find(({ code }) => code === "init-system");
}

describe("the init system", () => {
  const systemd = { "/sbin/init": { link: "/lib/systemd/systemd" }, "/lib": { link: "usr/lib" } };
  test("is systemd where the program leads there", async () => {
    const image = { ...systemd, "/usr/lib/systemd/systemd": elf() };
    expect(await initFinding(image, { Cmd: ["/sbin/init"] })).toMatchObject({
      severity: "ok",
      subject: "systemd",
    });
    expect(await initFinding(image, { Cmd: ["/bin/sh"] })).toMatchObject({ subject: "bootlayer" });
  });

  test("is systemd at /sbin/init where the image names no program", async () => {
    const image = { ...systemd, "/usr/lib/systemd/systemd": elf() };
    expect(await initFinding(image, {})).toMatchObject({ severity: "ok", subject: "systemd" });
    expect(await problems(image, {})).toEqual([]);
    expect(await problems({ ...systemd, "/usr/lib/systemd/systemd": elf({ machine: 183 }) }, {})).toEqual([
      "program-architecture: /usr/lib/systemd/systemd",
    ]);
  });

  test("is started as root, whoever the image's user is", async () => {
    const init = { "/usr/lib/systemd/systemd": { content: elf(), mode: 0o700 } };
    expect(await problems(init, { Cmd: ["/usr/lib/systemd/systemd"], User: "1000" })).toEqual([]);
  });

  test("is OpenRC where init is busybox's and /etc/inittab calls it", async () => {
    const busybox = { "/sbin/init": { link: "/bin/busybox" }, "/bin/busybox": elf() };
    const inittab: Entries = {
      "/etc/runlevels": { directory: true },
      "/etc/inittab": "::sysinit:/sbin/openrc sysinit\n",
    };
    const config = { Cmd: ["/sbin/init"] };
    expect(await initFinding({ ...busybox, ...inittab }, config)).toMatchObject({
      severity: "ok",
      subject: "openrc",
    });
    expect(await initFinding(busybox, config)).toMatchObject({ severity: "ok", subject: "bootlayer" });
  });

  test("is ours where that is asked for, whatever the image has", async () => {
    const image = { ...systemd, "/usr/lib/systemd/systemd": elf() };
    expect(await initFinding(image, { Cmd: ["/sbin/init"] }, { init: "bootlayer" })).toMatchObject({
      severity: "ok",
      subject: "bootlayer",
    });
  });

  test("of the image runs as root in /: USER and WorkingDir decide nothing", async () => {
    const image = { "/usr/lib/systemd/systemd": elf(), "/file": "" };
    const config = { Cmd: ["/usr/lib/systemd/systemd"], User: "nobody", WorkingDir: "/file" };
    expect(await problems(image, config)).toEqual([]);
    expect(await problems(image, config, { init: "bootlayer" })).toEqual([
      "user: USER nobody",
      "working-directory: WorkingDir /file",
    ]);
  });

  test("that is asked for must be there; then an image needs no program", async () => {
    const asked: GuestConfigInput = { init: "systemd" };
    expect(await initFinding({}, {}, asked)).toMatchObject({ severity: "error", subject: "systemd" });
    expect(await problems({ "/usr/lib/systemd/systemd": elf() }, {}, asked)).toEqual([]);
  });
});

test.for([
  ["linux", "s390x", undefined],
  ["linux", "386", undefined],
  ["linux", "arm", "v7"],
  ["windows", "amd64", undefined],
] as const)("there is no init for %s/%s", async ([os, architecture, variant]) => {
  const image = doctorImage({ "/app": elf() }, { Cmd: ["/app"] });
  const findings = await diagnose({ ...image, platform: { os, architecture, variant } }, { format: "ext4" });
  expect(findings[0]).toMatchObject({ code: "platform", severity: "error" });
});

/** `code severity` of what is said of the platform. */
async function platformFindings(architecture: string): Promise<string[]> {
  return (await findingsOf({}, {}, undefined, architecture))
    .filter(({ code }) => code.startsWith("platform"))
    .map(({ code, severity }) => `${code} ${severity}`);
}

test("another architecture than the host's is a note", async () => {
  const [own, other] = process.arch === "arm64" ? ["arm64", "amd64"] : ["amd64", "arm64"];
  expect(await platformFindings(own)).toEqual(["platform ok"]);
  expect(await platformFindings(other)).toEqual(["platform ok", "platform-host note"]);
});

async function prepared(guest: GuestConfigInput): Promise<PreparedGuest> {
  return await prepareGuest(parseGuestConfig(guest, "test"), {
    platform: { os: "linux", architecture: "amd64" },
  });
}

/** One file that goes in, as /opt/tool/run. */
async function preparedFile(bytes: Uint8Array, mode: number): Promise<PreparedGuest> {
  const content = { kind: "bytes", bytes } as const;
  return {
    ...(await prepared({})),
    files: [{ guest: byteString("/opt/tool/run"), mode, uid: 0, gid: 0, content }],
  };
}

describe("files of the host that go in", () => {
  const image = doctorImage(
    { "/opt": { link: "srv" }, "/srv": { directory: true } },
    { Cmd: ["/opt/tool/run"] },
  );

  test("are looked at as if they were in the image, which stays as it is", async () => {
    const of = async (content: Uint8Array, mode = 0o755): Promise<string[]> =>
      (await diagnose(image, { format: "ext4", prepared: await preparedFile(content, mode) })).map(
        ({ code, subject }) => `${code}: ${subject}`,
      );
    expect(await of(elf())).toContain("program-found: /srv/tool/run");
    expect(await of(elf(), 0o644)).toContain("program-not-executable: /srv/tool/run");
    expect(await of(Buffer.from("#!/bin/absent\n"))).toContain("shebang-interpreter: /bin/absent");
    expect((await diagnose(image, { format: "ext4" })).map(({ code }) => code)).toContain("program-missing");
  });
});

describe("what a build would refuse", () => {
  const unit = "/usr/lib/systemd/systemd";
  const asked: Readonly<Record<string, [GuestConfigInput, string]>> = {
    "a service without its program": [
      { services: [{ name: "helper", command: ["/absent"] }] },
      'service helper: its program "/absent" does not exist',
    ],
    "keys of a user who is not there": [
      { ssh: { user: "admin", authorizedKeys: ["ssh-ed25519 AAAA me"] } },
      'the image\'s /etc/passwd has no user "admin" to log in as',
    ],
    "modules that nothing can load": [
      { modules: { load: ["virtio_net"] } },
      "modules are asked for without a directory",
    ],
    "a user for an init that has its own": [
      { init: "systemd", process: { user: "5" } },
      "process.user has no meaning where systemd is the init",
    ],
  };

  /** What is said of the guest itself. */
  async function guestFindings(
    guest: GuestConfigInput,
    options: Partial<DiagnoseOptions> = {},
    image: ProcessConfig = { Cmd: ["/app"] },
  ): Promise<readonly Finding[]> {
    const findings = await diagnose(doctorImage({ "/app": elf(), [unit]: elf() }, image), {
      format: "ext4",
      guest: parseGuestConfig(guest, "test"),
      prepared: await prepared(guest),
      ...options,
    });
    return findings.filter(({ code }) => code === "guest");
  }

  test.for(Object.entries(asked))("is found: %s", async ([, [guest, reason]]) => {
    expect(await guestFindings(guest)).toEqual([
      expect.objectContaining({
        severity: "error",
        reason: expect.stringContaining(reason) as string,
        remedy: expect.any(String) as string,
      }),
    ]);
  });

  test("of an initrd is found for an initrd alone", async () => {
    const guest: GuestConfigInput = { files: [{ content: "hello", guest: "/etc/motd" }] };
    expect(await guestFindings(guest)).toEqual([]);
    expect(await guestFindings(guest, { initrd: true })).toMatchObject([
      { severity: "error", reason: "files cannot be had of an initrd, which leaves the image as it is" },
    ]);
  });

  test("is not what it only warns of", async () => {
    expect(await guestFindings({}, {}, { Cmd: ["/app"], StopSignal: "SIGFOO" })).toMatchObject([
      { severity: "warning", reason: expect.stringContaining("SIGFOO") as string },
    ]);
  });

  test("is not said twice of a program or user that is not there", async () => {
    expect(await guestFindings({}, {}, { Cmd: ["/absent"] })).toEqual([]);
    expect(await guestFindings({}, {}, { Cmd: ["/app"], User: "nobody" })).toEqual([]);
  });
});

property.prop([
  fc.uint8Array({ maxLength: 400 }),
  fc.constantFrom("", "#!", "\x7fELF\x02\x01", "#!/usr/bin/env "),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 20 }),
])("whatever an image holds, there is an answer and no exception", async (bytes, start, argument, user) => {
  const app = Buffer.concat([Buffer.from(start, "latin1"), bytes]);
  const image = { "/app": app, "/usr/bin/env": elf(), "/etc/passwd": bytes };
  const config = { Cmd: ["/app", argument], User: user, WorkingDir: argument, Env: [`PATH=${user}`] };
  const options = { format: "ext4", prepared: await prepared({}) } as const;
  for (const finding of await diagnose(doctorImage(image, config), options))
    // oxlint-disable-next-line no-control-regex
    expect(`${finding.subject}${finding.reason}`).not.toMatch(/[\u0000-\u001f]/);
});
