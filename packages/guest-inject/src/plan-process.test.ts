import { byteString, type DirectoryNode } from "@bootlayer/rootfs-tree";
import { describe, expect, test } from "vitest";
import { doctorImage, type FixtureEntry } from "../integration/doctor-fixtures.ts";
import { oneProgram, pathsOf, planOf, refusal, type PlanFixture } from "../integration/plan-fixtures.ts";
import { parseGuestConfig } from "./guest-config.ts";
import { planGuest } from "./plan-guest.ts";
import { prepareGuest } from "./prepare-guest.ts";

type Files = Readonly<Record<string, FixtureEntry>>;

describe("the program", () => {
  const files: Files = {
    "/usr/bin/app": "app",
    "/bin": { link: "usr/bin" },
    "/etc/passwd": "root:x:0:0::/root:\nweb:x:33:34::/var/www:\n",
    "/etc/group": "web:x:34:\nssl:x:50:web\n",
    "/srv/plain": { content: "x", mode: 0o644 },
    "/loop": { link: "loop" },
  };

  test("is told to the init with its user in numbers, its home, groups and environment", async () => {
    const image = {
      Entrypoint: ["app", "-a"],
      User: "web",
      WorkingDir: "/srv",
      Env: ["A=\u00e4"],
      StopSignal: "SIGQUIT",
    };
    const { conf } = await planOf({
      files,
      image,
      guest: { process: { limits: { nofile: 9 }, stdin: true } },
    });
    expect(conf.run).toEqual({
      kind: "program",
      argv: ["app", "-a"],
      env: [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOSTNAME=bootlayer",
        byteString("A=\u00e4"),
        "HOME=/var/www",
      ],
      cwd: "/srv",
      uid: 33,
      gid: 34,
      groups: [34, 50],
      limits: [{ name: "nofile", soft: 9, hard: 9 }],
      terminal: false,
      stdin: true,
      stopSignal: 3,
      stopTimeoutSeconds: 10,
    });
  });

  test("its directory is made where it is missing", async () => {
    const plan = await planOf({ files, image: { Cmd: ["app"], WorkingDir: "/data/here" } });
    expect(pathsOf(plan)).toEqual(expect.arrayContaining(["data", "data/here"]));
  });

  test("users of a passwd that is injected count", async () => {
    const guest = { files: [{ content: "web:x:7:8::/:", guest: "/etc/passwd" }], process: { user: "web" } };
    expect((await planOf({ files, image: { Cmd: ["app"] }, guest })).conf.run).toMatchObject({
      uid: 7,
      gid: 8,
    });
  });

  test("may be one that is injected", async () => {
    const guest = {
      files: [{ content: "x", guest: "/opt/mine", mode: "0755" }],
      process: { entrypoint: ["/opt/mine"] },
    };
    expect((await planOf({ files, guest })).conf.run).toMatchObject({ argv: ["/opt/mine"] });
  });

  test("a StopSignal that is none is a warning, and SIGTERM", async () => {
    const plan = await planOf({ files, image: { Cmd: ["app"], StopSignal: "SIGNO" } });
    expect(plan.conf.run).toMatchObject({ stopSignal: 15 });
    expect(plan.warnings).toEqual([expect.stringContaining('StopSignal "SIGNO" is no signal') as string]);
  });

  test.for<[string, PlanFixture, object]>([
    ["no program at all", { image: {} }, refusal("GUEST_PROCESS", "neither Entrypoint nor Cmd")],
    [
      "a program that is missing",
      { image: { Cmd: ["/no"] } },
      refusal("GUEST_ENTRYPOINT", '"/no" does not exist'),
    ],
    [
      "a name that is not in PATH",
      { image: { Cmd: ["no"], Env: ["PATH=/x:/y"] } },
      refusal("GUEST_ENTRYPOINT", "in PATH /x:/y"),
    ],
    [
      "a relative path that is missing",
      { image: { Cmd: ["./no"], WorkingDir: "/srv" } },
      refusal("GUEST_ENTRYPOINT", "in /srv"),
    ],
    ["a directory", { image: { Cmd: ["/srv"] } }, refusal("GUEST_ENTRYPOINT", "is a directory")],
    [
      "a file that cannot be executed",
      { image: { Cmd: ["/srv/plain"] } },
      refusal("GUEST_ENTRYPOINT", "has mode 0644"),
    ],
    ["a link to itself", { image: { Cmd: ["/loop"] } }, refusal("GUEST_ENTRYPOINT", "symlinks")],
    ["an unknown user", { image: { Cmd: ["app"], User: "nobody" } }, refusal("GUEST_USER", "no user nobody")],
    [
      "an unknown group",
      { image: { Cmd: ["app"], User: "web:none" } },
      refusal("GUEST_GROUP", "no group none"),
    ],
    [
      "a working directory that is a file",
      { image: { Cmd: ["app"], WorkingDir: "/srv/plain" } },
      refusal("GUEST_PROCESS", "working directory"),
    ],
    [
      "a working directory below a file",
      { image: { Cmd: ["app"], WorkingDir: "/srv/plain/x" } },
      refusal("GUEST_PROCESS", "working directory"),
    ],
    [
      "a NUL in the image's environment",
      { image: { Cmd: ["app"], Env: ["A=\0"] } },
      refusal("GUEST_CONFIG", "NUL"),
    ],
    [
      "a service's program that is missing",
      { image: { Cmd: ["app"] }, guest: { services: [{ name: "s", command: ["/no"] }] } },
      refusal("GUEST_ENTRYPOINT", "service s"),
    ],
    [
      "arguments of over 1 MiB",
      { image: { Cmd: ["app", "x".repeat(2 ** 20)] } },
      refusal("GUEST_CONFIG", "init.conf comes to"),
    ],
  ])("%s is refused", async ([, fixture, expected]) => {
    await expect(planOf({ files, ...fixture })).rejects.toMatchObject(expected);
  });
});

test("a passwd of over 16 MiB is refused by its size alone", async () => {
  const { root, config, readFile } = doctorImage(oneProgram.files, oneProgram.image);
  const etc: DirectoryNode = { kind: "directory", attributes: root.attributes, entries: new Map() };
  etc.entries.set(byteString("passwd"), {
    kind: "file",
    attributes: root.attributes,
    size: 2 ** 24 + 1,
    content: undefined,
  });
  root.entries.set(byteString("etc"), etc);
  const prepared = await prepareGuest(parseGuestConfig({}, "x"), {
    platform: { os: "linux", architecture: "amd64" },
  });
  await expect(planGuest(prepared, { root, config, readFile })).rejects.toMatchObject(
    refusal("GUEST_IMAGE", "/etc/passwd"),
  );
});
