import { byteString, type DirectoryNode } from "@bootlayer/rootfs-tree";
import { describe, expect, test } from "vitest";
import { doctorImage, type FixtureEntry } from "../integration/doctor-fixtures.ts";
import {
  entryAt,
  oneProgram,
  pathsOf,
  planOf,
  textAt,
  type PlanFixture,
} from "../integration/plan-fixtures.ts";
import { parseGuestConfig } from "./guest-config.ts";
import { planGuest } from "./plan-guest.ts";
import { prepareGuest } from "./prepare-guest.ts";

type Files = Readonly<Record<string, FixtureEntry>>;

/** Of a refusal: its code, and words of its message. */
function refusal(code: string, words: string): object {
  return { code, message: expect.stringContaining(words) as string };
}

describe("an image with a program of its own", () => {
  test("gets our init, its configuration, and the files that a machine has", async () => {
    const plan = await planOf(oneProgram);
    expect(plan).toMatchObject({ as: "layer", initSystem: "bootlayer", warnings: [] });
    expect(plan.kernelArguments).toEqual(["init=/usr/lib/bootlayer/init"]);
    expect(pathsOf(plan)).toEqual([
      "etc",
      "etc/hostname",
      "etc/hosts",
      "etc/machine-id",
      "usr",
      "usr/lib",
      "usr/lib/bootlayer",
      "usr/lib/bootlayer/init",
      "etc/bootlayer",
      "etc/bootlayer/init.conf",
      "sbin",
      "sbin/init",
    ]);
    expect(entryAt(plan, "usr/lib/bootlayer/init")).toMatchObject({ mode: 0o755, uid: 0, gid: 0 });
    expect(entryAt(plan, "etc/bootlayer/init.conf")).toMatchObject({ mode: 0o600, uid: 0, gid: 0 });
    expect(textAt(plan, "sbin/init")).toBe("-> /usr/lib/bootlayer/init");
    expect(textAt(plan, "etc/hostname")).toBe("bootlayer\n");
    expect(textAt(plan, "etc/hosts")).toContain("127.0.1.1\tbootlayer\n");
  });

  test("keeps its own /sbin/init, even a link to nothing", async () => {
    for (const init of ["elf", { link: "nowhere" }] as const) {
      const plan = await planOf({ ...oneProgram, files: { ...oneProgram.files, "/sbin/init": init } });
      expect(entryAt(plan, "sbin/init")).toBeUndefined();
    }
  });

  test("has /sbin/init through a merged /usr", async () => {
    const files = { ...oneProgram.files, "/sbin": { link: "usr/sbin" }, "/usr/sbin/x": "" };
    expect(textAt(await planOf({ ...oneProgram, files }), "usr/sbin/init")).toBe(
      "-> /usr/lib/bootlayer/init",
    );
  });

  test("starts another machine each time: an identity that is in the image is emptied", async () => {
    const files = { ...oneProgram.files, "/etc/machine-id": "0123456789abcdef0123456789abcdef\n" };
    const plan = await planOf({ ...oneProgram, files });
    expect(textAt(plan, "etc/machine-id")).toBe("");
    expect(entryAt(plan, "etc/machine-id")).toMatchObject({ mode: 0o444 });
    expect(plan.conf.machineId).toBe(true);
  });

  test("carries its labels and ports; a port that is none is a warning", async () => {
    const image = { ...oneProgram.image, Labels: { a: "b" }, ExposedPorts: { "80/tcp": {}, "x/y": {} } };
    const plan = await planOf({ ...oneProgram, image });
    expect(plan.labels).toEqual({ a: "b" });
    expect(plan.ports).toEqual([{ port: 80, protocol: "tcp" }]);
    expect(plan.warnings).toEqual(['the image exposes "x/y", which is no port']);
  });
});

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
    const plan = await planOf({ files, image: { Cmd: ["app"], WorkingDir: "/work/here" } });
    expect(pathsOf(plan)).toEqual(expect.arrayContaining(["work", "work/here"]));
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

describe("what is put in", () => {
  const put = async (guest: PlanFixture["guest"], files: Files = {}) =>
    await planOf({ ...oneProgram, files: { ...oneProgram.files, ...files }, guest: guest ?? {} });

  test("of two files for one place the later one counts", async () => {
    const plan = await put({
      files: [
        { guest: "/a", content: "1" },
        { guest: "//a", content: "2", mode: "0600" },
      ],
    });
    expect(textAt(plan, "a")).toBe("2");
    expect(pathsOf(plan).filter((path) => path === "a")).toHaveLength(1);
  });

  test("over a directory of the image, or below a file of it, is GUEST_IMAGE", async () => {
    await expect(put({ files: [{ guest: "/bin", content: "" }] })).rejects.toMatchObject({
      code: "GUEST_IMAGE",
    });
    await expect(put({ files: [{ guest: "/bin/app/x", content: "" }] })).rejects.toMatchObject({
      code: "GUEST_IMAGE",
    });
  });

  test("name servers replace resolv.conf, whatever it is a link to", async () => {
    const plan = await put(
      { dns: { servers: ["10.0.0.1"] } },
      { "/etc/resolv.conf": { link: "../run/stub" } },
    );
    expect(textAt(plan, "etc/resolv.conf")).toBe("nameserver 10.0.0.1\n");
    expect(plan.conf.resolvConf).toBe("nameserver 10.0.0.1\n");
  });

  test.for<[string, Files, string | undefined]>([
    ["is empty where the image has none, for the init to fill", {}, ""],
    ["is a file in place of a link to nothing", { "/etc/resolv.conf": { link: "../run/stub" } }, ""],
    ["stays where it is a file", { "/etc/resolv.conf": "x" }, undefined],
    [
      "stays where it leads to a file",
      { "/etc/resolv.conf": { link: "../run/stub" }, "/run/stub": "x" },
      undefined,
    ],
  ])("resolv.conf with DHCP %s", async ([, files, expected]) => {
    expect(textAt(await put({ network: { mode: "dhcp" } }, files), "etc/resolv.conf")).toBe(expected);
  });

  test("the host's name is in /etc/hostname, /etc/hosts, HOSTNAME and for the init", async () => {
    const plan = await put({ hostname: "box", hosts: [{ address: "10.0.0.1", names: ["db"] }] });
    expect(textAt(plan, "etc/hostname")).toBe("box\n");
    expect(textAt(plan, "etc/hosts")).toMatch(/127\.0\.1\.1\tbox\n10\.0\.0\.1\tdb\n$/);
    expect(plan.conf).toMatchObject({
      hostname: "box",
      run: { env: expect.arrayContaining(["HOSTNAME=box"]) as string[] },
    });
  });

  test("modules without a directory are no matter of our init", async () => {
    await expect(put({ modules: { load: ["vsock"] } })).rejects.toMatchObject({ code: "GUEST_MODULE" });
  });
});

describe("ssh keys", () => {
  const image: Files = { "/etc/passwd": "root:x:0:0::/root:\nme:x:1000:1001::/home/me/:\n", "/root/x": "" };
  const keysFor = async (user: string | undefined, files: Files = {}) =>
    await planOf({
      ...oneProgram,
      files: { ...oneProgram.files, ...image, ...files },
      guest: {
        ssh: {
          authorizedKeys: ["ssh-ed25519 A me", "ssh-ed25519 B"],
          ...(user === undefined ? {} : { user }),
        },
      },
    });

  test("are root's, in what root's home is", async () => {
    const plan = await keysFor(undefined);
    expect(textAt(plan, "root/.ssh/authorized_keys")).toBe("ssh-ed25519 A me\nssh-ed25519 B\n");
    expect(entryAt(plan, "root/.ssh")).toMatchObject({ kind: "directory", mode: 0o700, uid: 0, gid: 0 });
    expect(entryAt(plan, "root/.ssh/authorized_keys")).toMatchObject({ mode: 0o600, uid: 0, gid: 0 });
  });

  test("are the user's alone, with a home where there is none", async () => {
    const plan = await keysFor("me");
    for (const path of ["home/me", "home/me/.ssh"])
      expect(entryAt(plan, path)).toMatchObject({ kind: "directory", mode: 0o700, uid: 1000, gid: 1001 });
    expect(entryAt(plan, "home/me/.ssh/authorized_keys")).toMatchObject({
      mode: 0o600,
      uid: 1000,
      gid: 1001,
    });
    expect(entryAt(plan, "home")).toMatchObject({ mode: 0o755, uid: 0 });
    expect(plan.warnings).toEqual([]);
  });

  test("are added to those that the image has, each on its line", async () => {
    const plan = await keysFor("root", { "/root/.ssh/authorized_keys": "ssh-rsa C" });
    expect(textAt(plan, "root/.ssh/authorized_keys")).toBe("ssh-rsa C\nssh-ed25519 A me\nssh-ed25519 B\n");
  });

  test("in a home that others can write to are a warning, for sshd passes them over", async () => {
    const { root, config, readFile } = doctorImage(
      { ...oneProgram.files, ...image, "/home/me/x": "" },
      oneProgram.image,
    );
    const home = root.entries.get(byteString("home"));
    const me = home?.kind === "directory" ? home.entries.get(byteString("me")) : undefined;
    if (me?.kind !== "directory") throw new Error("no home");
    me.attributes = { ...me.attributes, uid: 1000, mode: 0o775 };
    const guest = parseGuestConfig({ ssh: { user: "me", authorizedKeys: ["ssh-ed25519 A"] } }, "x");
    const prepared = await prepareGuest(guest, { platform: { os: "linux", architecture: "amd64" } });
    const { warnings } = await planGuest(prepared, { root, config, readFile });
    expect(warnings).toEqual([expect.stringContaining("sshd will not trust /home/me") as string]);
  });

  test("of a user whom the image does not know are refused", async () => {
    await expect(keysFor("you")).rejects.toMatchObject(refusal("GUEST_USER", '"you" to log in as'));
  });
});

describe("volumes", () => {
  const image = { ...oneProgram.image, Volumes: { "/data": {}, cache: {} } };

  test("are directories, made where they are missing", async () => {
    const plan = await planOf({ ...oneProgram, image });
    expect(pathsOf(plan)).toEqual(expect.arrayContaining(["data", "cache"]));
    expect(plan.conf.tmpfs).toEqual([]);
  });

  test("are in memory where the root can only be read, unless something is laid over it or mounted there", async () => {
    const readOnlyRoot = true;
    expect((await planOf({ ...oneProgram, image, readOnlyRoot })).conf.tmpfs).toEqual([
      { path: "/data", mode: 0o755 },
      { path: "/cache", mode: 0o755 },
    ]);
    const overlay = { kind: "tmpfs" } as const;
    expect((await planOf({ ...oneProgram, image, readOnlyRoot, guest: { overlay } })).conf.tmpfs).toEqual([]);
    const mounts = [{ device: "/dev/vdb", path: "/data" }];
    expect((await planOf({ ...oneProgram, image, readOnlyRoot, guest: { mounts } })).conf.tmpfs).toEqual([
      { path: "/cache", mode: 0o755 },
    ]);
  });

  test("with content that can only be read, and those that are no directory, are warnings", async () => {
    const files = { ...oneProgram.files, "/data/file": "x", "/cache": "x" };
    const plan = await planOf({ files, image, readOnlyRoot: true });
    expect(plan.conf.tmpfs).toEqual([]);
    expect(plan.warnings).toEqual([
      expect.stringContaining('"/data" has content') as string,
      expect.stringContaining('"/cache" is no directory') as string,
    ]);
  });
});

describe("an image whose init is systemd", () => {
  const files: Files = {
    "/lib": { link: "usr/lib" },
    "/usr/lib/systemd/systemd": "elf",
    "/usr/lib/systemd/systemd-udevd": "elf",
    "/sbin/init": { link: "/lib/systemd/systemd" },
    "/usr/bin/helper": "elf",
    "/etc/hosts": "127.0.0.1 localhost\n",
    "/etc/machine-id": "old",
  };
  const image = { Cmd: ["/sbin/init"] };

  test("keeps it as PID 1 and gets units, and no file of its own is changed that nobody asked about", async () => {
    const guest = { agent: { vsock: 1 }, network: { mode: "dhcp" } as const };
    const plan = await planOf({ files, image, guest });
    expect(plan).toMatchObject({ initSystem: "systemd", kernelArguments: ["init=/sbin/init"], warnings: [] });
    expect(textAt(plan, "etc/systemd/system/multi-user.target.wants/bootlayer-agent.service")).toBe(
      "-> /etc/systemd/system/bootlayer-agent.service",
    );
    expect(entryAt(plan, "usr/lib/systemd/system-preset/00-bootlayer.preset")).toBeDefined();
    expect(textAt(plan, "etc/machine-id")).toBe("");
    for (const path of ["etc/hosts", "etc/hostname", "etc/resolv.conf", "sbin/init"])
      expect(entryAt(plan, path)).toBeUndefined();
    expect(plan.conf).toEqual({
      run: { kind: "hand-over", path: "/sbin/init" },
      modules: [],
      mounts: [],
      network: { mode: "dhcp" },
    });
  });

  test("our init runs first where something must be done before", async () => {
    const plan = await planOf({
      files,
      image,
      guest: { mounts: [{ device: "/dev/vdb", path: "/data" }], network: { mode: "dhcp" } },
    });
    expect(plan.kernelArguments).toEqual(["init=/usr/lib/bootlayer/init"]);
    expect(entryAt(plan, "etc/systemd/system/bootlayer-network.service")).toBeUndefined();
  });

  test("modules of the image's own are listed for it", async () => {
    const plan = await planOf({
      files,
      image,
      guest: { modules: { load: ["vsock", "vmw_vsock_virtio_transport"] } },
    });
    expect(textAt(plan, "etc/modules-load.d/bootlayer.conf")).toBe("vsock\nvmw_vsock_virtio_transport\n");
  });

  test("a name and hosts are put in where they are asked for", async () => {
    const plan = await planOf({ files, image, guest: { hostname: "box" } });
    expect(textAt(plan, "etc/hostname")).toBe("box\n");
    expect(textAt(plan, "etc/hosts")).toContain("127.0.1.1\tbox\n");
  });

  test("what has no meaning there is refused or warned of, by name", async () => {
    await expect(planOf({ files, image, guest: { process: { user: "a" } } })).rejects.toMatchObject(
      refusal("GUEST_INIT_SYSTEM", "process.user"),
    );
    const plan = await planOf({ files, image: { Cmd: ["/sbin/init", "--x"] }, guest: { onExit: "halt" } });
    expect(plan.warnings).toHaveLength(2);
  });

  test("gets our init where that is asked for", async () => {
    const plan = await planOf({
      files,
      image,
      guest: { init: "bootlayer", process: { entrypoint: ["helper"] } },
    });
    expect(plan).toMatchObject({ initSystem: "bootlayer", conf: { run: { argv: ["helper"] } } });
  });

  test("one that is asked for and is not there is refused", async () => {
    await expect(planOf({ files, image, guest: { init: "openrc" } })).rejects.toMatchObject(
      refusal("GUEST_INIT_SYSTEM", "no openrc"),
    );
  });
});

test("an image whose init is OpenRC gets services in its runlevels, and keeps its machine-id", async () => {
  const files = {
    "/bin/busybox": "elf",
    "/sbin/init": { link: "/bin/busybox" },
    "/etc/inittab": "::sysinit:/sbin/openrc sysinit\n",
    "/etc/runlevels/default/x": "",
  } as const;
  const guest = { agent: { vsock: 1 }, network: { mode: "kernel" } as const, modules: { load: ["vsock"] } };
  const plan = await planOf({ files, image: { Cmd: ["/sbin/init"] }, guest });
  expect(plan).toMatchObject({ initSystem: "openrc", kernelArguments: ["init=/sbin/init"] });
  expect(entryAt(plan, "etc/init.d/bootlayer-agent")).toMatchObject({ mode: 0o755 });
  expect(textAt(plan, "etc/runlevels/boot/bootlayer-network")).toBe("-> /etc/init.d/bootlayer-network");
  expect(textAt(plan, "etc/runlevels/default/bootlayer-agent")).toBe("-> /etc/init.d/bootlayer-agent");
  expect(textAt(plan, "etc/modules-load.d/bootlayer.conf")).toBe("vsock\n");
  expect(entryAt(plan, "etc/machine-id")).toBeUndefined();
});

describe("a plan of an initrd", () => {
  test("leaves the image as it is: our init, and the configuration apart", async () => {
    const image = { ...oneProgram.image, Volumes: { "/data": {} } };
    const plan = await planOf({
      ...oneProgram,
      image,
      as: "initrd",
      guest: { hostname: "box", agent: { vsock: 1 } },
    });
    expect(plan).toMatchObject({
      as: "initrd",
      kernelArguments: [],
      conf: { hostname: "box", agent: { vsock: 1 } },
    });
    expect(pathsOf(plan)).toEqual(["init"]);
    expect(plan.warnings).toEqual([
      expect.stringContaining('"/data", and an initrd does not make it') as string,
    ]);
  });

  test("hands over to the image's own init", async () => {
    const files = { "/usr/lib/systemd/systemd": "elf" };
    const image = { Cmd: ["/usr/lib/systemd/systemd"] };
    const plan = await planOf({
      files,
      image,
      as: "initrd",
      guest: { hostname: "box", agent: { vsock: 1 } },
    });
    expect(plan.conf).toMatchObject({ hostname: "box", agent: { vsock: 1 }, run: { kind: "hand-over" } });
    const services = [{ name: "a", command: ["/usr/lib/systemd/systemd"] }];
    await expect(planOf({ files, image, as: "initrd", guest: { services } })).rejects.toMatchObject(
      refusal("GUEST_INIT_SYSTEM", "services"),
    );
  });

  test.for<[string, PlanFixture["guest"]]>([
    ["files", { files: [{ guest: "/a", content: "" }] }],
    ["ssh", { ssh: { authorizedKeys: ["ssh-ed25519 A"] } }],
    ["hosts", { hosts: [{ address: "10.0.0.1", names: ["a"] }] }],
  ])("%s, which would change the image, are refused by name", async ([key, guest]) => {
    await expect(planOf({ ...oneProgram, as: "initrd", guest: guest ?? {} })).rejects.toMatchObject(
      refusal("GUEST_CONFIG", `${key} cannot be had of an initrd`),
    );
  });
});
