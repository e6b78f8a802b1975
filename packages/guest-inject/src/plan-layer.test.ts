import { byteString } from "@bootlayer/rootfs-tree";
import { describe, expect, test } from "vitest";
import { doctorImage, type FixtureEntry } from "../integration/doctor-fixtures.ts";
import {
  entryAt,
  oneProgram,
  pathsOf,
  planOf,
  refusal,
  textAt,
  type PlanFixture,
} from "../integration/plan-fixtures.ts";
import { parseGuestConfig } from "./guest-config.ts";
import { planGuest } from "./plan-guest.ts";
import { prepareGuest } from "./prepare-guest.ts";

type Files = Readonly<Record<string, FixtureEntry>>;

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

  test("what is mounted on is there on a root that can only be read, and stays what it is", async () => {
    const files = {
      ...oneProgram.files,
      "/tmp": { link: "var/tmp" },
      "/var/tmp": { directory: true },
    } as const;
    const points = new Set(["dev", "proc", "sys", "run", "tmp"]);
    const made = pathsOf(await planOf({ ...oneProgram, files, readOnlyRoot: true }));
    expect(made.filter((path) => points.has(path))).toEqual(["dev", "proc", "sys", "run"]);
    const writable = pathsOf(await planOf({ ...oneProgram, files }));
    expect(writable.filter((path) => points.has(path))).toEqual([]);
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

  test("a name and an identity that are put in as files are left as they are", async () => {
    const files = ["/etc/hostname", "/etc/machine-id"].map((guest) => ({ guest, content: "mine\n" }));
    const plan = await put({ files });
    expect([textAt(plan, "etc/hostname"), textAt(plan, "etc/machine-id")]).toEqual(["mine\n", "mine\n"]);
    expect(textAt(await put({ files, hostname: "box" }), "etc/hostname")).toBe("box\n");
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
