import { byteString } from "@bootlayer/rootfs-tree";
import { describe, expect, test } from "vitest";
import { doctorImage, type FixtureEntry } from "../integration/doctor-fixtures.ts";
import { findInit, recogniseInit, type InitSystemContext } from "./init-system.ts";

type Files = Readonly<Record<string, FixtureEntry>>;

function contextOf(
  files: Files,
  program: string | undefined,
  path = ["/usr/sbin", "/sbin"],
): InitSystemContext {
  const { root } = doctorImage(files);
  const inittab = files["/etc/inittab"];
  return {
    root,
    program,
    search: { path: path.map(byteString), workingDirectory: byteString("/opt") },
    readFile: async () => (typeof inittab === "string" ? Buffer.from(inittab) : undefined),
  };
}

const debian: Files = {
  "/usr/lib/systemd/systemd": "elf",
  "/lib": { link: "usr/lib" },
  "/sbin": { link: "usr/sbin" },
  "/usr/sbin/init": { link: "/lib/systemd/systemd" },
};
const oldDebian: Files = { "/lib/systemd/systemd": "elf", "/sbin/init": { link: "/lib/systemd/systemd" } };
const fedora: Files = { ...debian, "/usr/sbin/init": { link: "../lib/systemd/systemd" } };
const alpine: Files = {
  "/bin/busybox": "elf",
  "/sbin/init": { link: "/bin/busybox" },
  "/etc/inittab": "# openrc is below\n::sysinit:/sbin/openrc sysinit\n",
  "/etc/runlevels/boot/x": "",
};
const gentoo: Files = { "/sbin/openrc-init": "elf", "/sbin/init": { link: "openrc-init" } };

describe("an image's own init is recognised", () => {
  test.for<[string, Files, string | undefined, string, string]>([
    ["systemd by its program, through a merged /usr", debian, "/sbin/init", "systemd", "/sbin/init"],
    ["systemd before /usr was merged", oldDebian, "/sbin/init", "systemd", "/sbin/init"],
    ["systemd by a relative link", fedora, "/sbin/init", "systemd", "/sbin/init"],
    ["systemd by its own path", debian, "/lib/systemd/systemd", "systemd", "/lib/systemd/systemd"],
    ["systemd where the image names no program", debian, undefined, "systemd", "/sbin/init"],
    ["systemd looked up in PATH", debian, "init", "systemd", "/usr/sbin/init"],
    ["OpenRC's own init", gentoo, "/sbin/init", "openrc", "/sbin/init"],
    ["OpenRC by its own path", gentoo, "/sbin/openrc-init", "openrc", "/sbin/openrc-init"],
    [
      "busybox under the name of init, whose inittab calls OpenRC",
      alpine,
      "/sbin/init",
      "openrc",
      "/sbin/init",
    ],
    ["the same, looked up in PATH, by the name that makes it init", alpine, "init", "openrc", "/sbin/init"],
  ])("%s", async ([, files, program, system, path]) => {
    expect(await recogniseInit(contextOf(files, program))).toEqual({ system, path });
  });

  test("from the working directory, where its path is relative", async () => {
    const files: Files = { "/opt/lib/systemd/systemd": "elf" };
    const found = { system: "systemd", path: "/opt/lib/systemd/systemd" };
    expect(await recogniseInit(contextOf(files, "lib/systemd/systemd"))).toEqual(found);
    expect(await recogniseInit(contextOf(files, "systemd", ["lib/systemd"]))).toEqual(found);
  });
});

describe("other images get our init", () => {
  test.for<[string, Files, string | undefined]>([
    [
      "a program of its own, though systemd is installed",
      { ...debian, "/usr/bin/app": "elf" },
      "/usr/bin/app",
    ],
    ["nothing at all", {}, undefined],
    ["a program that is missing", {}, "/sbin/init"],
    [
      "systemd that cannot be executed",
      { "/lib/systemd/systemd": { content: "elf", mode: 0o644 } },
      "/lib/systemd/systemd",
    ],
    [
      "busybox's init without an inittab",
      { "/bin/busybox": "elf", "/sbin/init": { link: "/bin/busybox" }, "/etc/runlevels/x/y": "" },
      "/sbin/init",
    ],
    [
      "an inittab that calls OpenRC in a comment only",
      { ...alpine, "/etc/inittab": "# openrc\n::sysinit:/etc/rc\n" },
      "/sbin/init",
    ],
    [
      "an inittab that calls OpenRC, without runlevels",
      {
        "/bin/busybox": "elf",
        "/sbin/init": { link: "/bin/busybox" },
        "/etc/inittab": "::sysinit:/sbin/openrc\n",
      },
      "/sbin/init",
    ],
    ["a program beside OpenRC", { ...alpine, "/bin/app": "elf" }, "/bin/app"],
    [
      "links that point at each other",
      { "/sbin/init": { link: "x" }, "/sbin/x": { link: "init" } },
      "/sbin/init",
    ],
    ["another program that is called systemd", { "/opt/systemd": "elf" }, "/opt/systemd"],
  ])("%s", async ([, files, program]) => {
    expect(await recogniseInit(contextOf(files, program))).toBeUndefined();
  });
});

describe("an init that is asked for", () => {
  test("is found where distributions put it, whatever the image's program is", async () => {
    expect(await findInit("systemd", contextOf(debian, "/bin/sh"))).toEqual({
      system: "systemd",
      path: "/sbin/init",
    });
    expect(await findInit("openrc", contextOf(alpine, undefined))).toEqual({
      system: "openrc",
      path: "/sbin/init",
    });
    const bare: Files = { "/usr/lib/systemd/systemd": "elf" };
    expect(await findInit("systemd", contextOf(bare, undefined))).toEqual({
      system: "systemd",
      path: "/usr/lib/systemd/systemd",
    });
  });

  test("is not taken for another", async () => {
    expect(await findInit("openrc", contextOf(debian, "/sbin/init"))).toBeUndefined();
    expect(await findInit("systemd", contextOf(alpine, "/sbin/init"))).toBeUndefined();
  });
});
