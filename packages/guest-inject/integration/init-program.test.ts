import { requireCloudKernel, requireJudge } from "@bootlayer/test-fixtures";
import { beforeAll, describe, expect, test } from "vitest";
import { boots, bootTree, buildProgram, BUSYBOX, scratchDirectory, shellConf } from "./init-guest.ts";

const tools = requireJudge("musl-gcc", "cpio", "busybox");
const kernel = await requireCloudKernel();
const judge = tools.skip ? tools : kernel;

function hex(...bytes: readonly (string | number)[]): string {
  return Buffer.concat(
    bytes.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.of(part))),
  ).toString("hex");
}

describe.skipIf(judge.skip)(`a program that is alone in its image${judge.reason}`, () => {
  let console: string;
  beforeAll(async () => {
    await using scratch = await scratchDirectory();
    const identity = { host: await buildProgram(scratch.path, "identity") };
    const conf = String.raw`# looked up in the second directory of PATH
argv identity
argv 3
argv a\x20b\xff\x5cn\x0a
argv \e
env PATH=/nowhere:/opt/bin
env A=1
env A=\xc3\x28
env EMPTY=
cwd /srv/made/here
user 1000 1001
group 5
group 4294967294
limit nofile 100 200
limit core 0 unlimited`;
    console = await bootTree({ conf, files: { "opt/bin/identity": identity } });
  });

  test("has its arguments byte for byte", () => {
    const given = [hex("identity"), hex("3"), hex("a b", 0xff, "\\n\n"), ""];
    expect(console.match(/(?<=^argv ).*/gm)).toEqual(given);
  });

  test("has its environment byte for byte and nothing else, a later value in the place of an earlier one", () => {
    const given = [hex("PATH=/nowhere:/opt/bin"), hex("A=", 0xc3, 0x28), hex("EMPTY=")];
    expect(console.match(/(?<=^env ).*/gm)).toEqual(given);
  });

  test("runs as its user with its groups alone", () => {
    expect(console).toContain(
      "Uid:\t1000\t1000\t1000\t1000\nGid:\t1001\t1001\t1001\t1001\nGroups:\t5 4294967294 \n",
    );
  });

  test("starts in its directory, which is made", () => {
    expect(console).toContain("\ncwd /srv/made/here\n");
  });

  test("leads a session, with no signal blocked or ignored, a umask of 022, and three descriptors", () => {
    expect(console).toMatch(/\nleader 1\numask 022\nfd 0 \/dev\/null\nfd 1 pipe:\nfd 2 pipe:\nUid/);
    const none = "0000000000000000";
    expect(console).toContain(`SigBlk:\t${none}\nSigIgn:\t${none}\nSigCgt:\t${none}\n`);
  });

  test("has its limits", () => {
    expect(console).toMatch(/Max core file size +0 +unlimited/);
    expect(console).toMatch(/Max open files +100 +200/);
  });

  test("its exit code is the last mark before the power goes off", () => {
    expect(console).toMatch(/^bootlayer: start \d+\.\d{3}$/m);
    expect(console).toMatch(/\nbootlayer: exit 3\n(\[.*Power down\n)?$/);
  });

  test("nothing went wrong", () => {
    expect(console).not.toMatch(/bootlayer: (warning|failed)/);
  });
});

describe.skipIf(judge.skip)(`the machine around a program${judge.reason}`, () => {
  let console: string;
  beforeAll(async () => {
    await using scratch = await scratchDirectory();
    const orphans = { host: await buildProgram(scratch.path, "orphans") };
    // What goes to standard error comes by another pipe: long before the rest, it is in no other line's middle.
    const script = `
      echo to-stderr > /dev/stderr
      cat /proc/mounts
      /orphans
      echo "name $(hostname) $(wc -c < /etc/machine-id) $(head -c 32 /etc/machine-id | tr -d 0-9a-f)."
      for link in fd stdin stdout stderr; do echo "link $link $(readlink /dev/$link)"; done
      echo "files $(ulimit -Sn) $(ulimit -Hn)"
      echo "ports $(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)"
      echo "volume $(stat -c '%a %u' /volume) $(stat -c '%a %u' /volume/kept)"
      echo to-stdout > /dev/stdout
      echo to-descriptor > /proc/self/fd/1
      printf 'no end of line'
      kill -TERM $$`;
    const conf = `${shellConf(script)}
user 1000 1000
hostname box.example
machine-id
tmpfs /volume 1771 1m
mount none /deep/inside tmpfs ro,size=64k,noatime
mount none /absent nonesuch rw`;
    const files = { ...BUSYBOX, orphans, "etc/machine-id": "", "volume/kept/file": "" };
    console = await bootTree({ conf, files });
  });

  test.each([
    ["/dev", "devtmpfs"],
    ["/proc", "proc"],
    ["/sys", "sysfs"],
    ["/dev/pts", "devpts"],
    ["/dev/shm", "tmpfs"],
    ["/dev/mqueue", "mqueue"],
    ["/sys/fs/cgroup", "cgroup2"],
  ])("%s is mounted once, as %s", (path, type) => {
    const types = [...console.matchAll(/^\S+ (\S+) (\S+) \S+ 0 0$/gm)].filter((mount) => mount[1] === path);
    expect(types.map((mount) => mount[2])).toEqual([type]);
  });

  test("pseudo terminals belong to the group tty", () => {
    expect(console).toMatch(/devpts \/dev\/pts devpts rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=666/);
  });

  test("what is asked for is mounted with its options, over a mount point that is made", () => {
    expect(console).toMatch(/none \/deep\/inside tmpfs ro,noatime,size=64k/);
  });

  test("a tmpfs keeps the directories below it", () => {
    expect(console).toContain("\nvolume 1771 0 755 0\n");
  });

  test("a file system that the kernel does not know is a warning", () => {
    expect(console).toContain(
      "bootlayer: warning cannot mount none on /absent as nonesuch: No such device\n",
    );
  });

  test("it has its name, and an identity of 32 hexadecimal digits", () => {
    expect(console).toContain("\nname box.example 33 .\n");
  });

  test("/dev/fd and its like are there", () => {
    const links = [...console.matchAll(/^link (\S+) (\S+)$/gm)].map((link) => [link[1], link[2]]);
    expect(links).toEqual([
      ["fd", "/proc/self/fd"],
      ["stdin", "/proc/self/fd/0"],
      ["stdout", "/proc/self/fd/1"],
      ["stderr", "/proc/self/fd/2"],
    ]);
  });

  test("a user who is not root may open /dev/stdout again, and listen on port 80", () => {
    expect(console).toContain("\nto-stdout\n");
    expect(console).toContain("\nto-stderr\n");
    expect(console).toContain("\nto-descriptor\n");
    expect(console).toContain("\nports 0\n");
  });

  test("orphans become the init's, and none stays a zombie", () => {
    expect(console.match(/^orphan of init$/gm)).toHaveLength(20);
    expect(console).toContain("\nzombies 0\n");
  });

  test("it may have as many open files as servers want", () => {
    expect(console).toContain("\nfiles 1024 524288\n");
  });

  test("the end by a signal is told with it, on a line of its own", () => {
    expect(console).toContain("\nno end of line\nbootlayer: exit 143 signal 15\n");
  });
});

describe.skipIf(judge.skip)(`a program that does not start${judge.reason}`, boots, () => {
  test("is told as 127 where there is none, after whatever else was not there", async () => {
    const console = await bootTree({
      conf: "argv absent\nenv PATH=/bin:/sbin\nnetwork dhcp\nmodule /absent.ko",
    });
    expect(console).toContain(
      "bootlayer: warning cannot load module /absent.ko: not there, or a module that it needs is not loaded\n",
    );
    expect(console).toContain("bootlayer: warning no network interface within 5 s; there are: lo\n");
    expect(console).toContain(
      "bootlayer: failed cannot start absent: execve: No such file or directory\nbootlayer: exit 127\n",
    );
  });

  test("is told as 126 where it may not be executed", async () => {
    const console = await bootTree({ conf: "argv /etc/text\nuser 7 7", files: { "etc/text": "text" } });
    expect(console).toContain(
      "bootlayer: failed cannot start /etc/text: execve: Permission denied\nbootlayer: exit 126\n",
    );
  });

  test("is told as 127 where the init cannot read its configuration", async () => {
    const console = await bootTree({ conf: "raw:bootlayer-init 1\nargv /bin/true\nuser 1" });
    expect(console).toContain(
      "bootlayer: failed /etc/bootlayer/init.conf, line 3: no record: a byte or an escape that may not be there, or no end of line\nbootlayer: exit 127\n",
    );
    expect(console).toContain("reboot: Power down");
  });
});

describe.skipIf(judge.skip)(`another init${judge.reason}`, boots, () => {
  test("becomes PID 1 with no signal blocked, with /dev, /proc and /sys and nothing else of ours", async () => {
    const script = `#!/bin/sh
      echo "process $$ of $0 with $*"
      grep SigBlk /proc/1/status
      echo "name $(hostname)"
      cut -d ' ' -f 2 /proc/mounts
      echo over | tee /volume/file
      /bin/busybox poweroff -f`;
    const console = await bootTree(
      {
        conf: "hand-over /sbin/init\nhostname handed\ntmpfs /volume 755 1m",
        files: { ...BUSYBOX, "bin/tee": { link: "busybox" }, "sbin/init": { program: script } },
      },
      { append: "-- single" },
    );
    expect(console).toContain("process 1 of /sbin/init with single\n");
    expect(console).toContain("\nSigBlk:\t0000000000000000\n");
    expect(console).toContain("\nname handed\n/\n/dev\n/proc\n/sys\n/volume\nover\n");
    expect(console).toContain("reboot: Power down");
  });
});
