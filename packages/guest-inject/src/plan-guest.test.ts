import { describe, expect, test } from "vitest";
import type { FixtureEntry } from "../integration/doctor-fixtures.ts";
import {
  entryAt,
  oneProgram,
  pathsOf,
  planOf,
  refusal,
  textAt,
  type PlanFixture,
} from "../integration/plan-fixtures.ts";

type Files = Readonly<Record<string, FixtureEntry>>;

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
