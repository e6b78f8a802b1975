import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { judgePath, requireCloudKernel, requireJudge } from "@bootlayer/test-fixtures";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import {
  boots,
  bootTree,
  BUSYBOX,
  packInitrd,
  scratchDirectory,
  shellConf,
  writeTree,
  type Boot,
  type GuestFile,
} from "./init-guest.ts";

const tools = requireJudge("cpio", "busybox", "mkfifo");
const kernel = await requireCloudKernel();
const judge = tools.skip ? tools : kernel;

async function bootScript(
  conf: string,
  boot: Boot = {},
  files: Readonly<Record<string, GuestFile>> = {},
): Promise<string> {
  return await bootTree({ conf, files: { ...BUSYBOX, ...files } }, boot);
}

describe.skipIf(judge.skip)(`a program's life${judge.reason}`, boots, () => {
  test("Ctrl-Alt-Del becomes the stop signal, other signals to PID 1 are passed on as they are", async () => {
    // The kernel sends SIGINT to PID 1 for the keys.
    const script = `
      trap 'echo got hup' HUP
      trap 'echo got usr1' USR1
      trap 'echo stopping; exit 7' QUIT
      trap 'echo got int' INT
      for signal in HUP USR1 INT; do kill -$signal 1; sleep 0.3; done
      while true; do sleep 0.1; done`;
    const console = await bootScript(`${shellConf(script)}\nstop-signal 3\non-exit halt`, {
      append: "bootlayer.exit=reboot",
    });
    expect(console).toContain("\ngot hup\ngot usr1\nstopping\nbootlayer: exit 7\n");
    // The kernel's command line overrules on-exit.
    expect(console).toContain("reboot: Restarting system");
  });

  test("a program that does not heed the stop signal is killed when its time is up", async () => {
    const script =
      "trap '' TERM; (trap '' TERM; while true; do sleep 1; done) & kill -INT 1; wait; wait; sleep 60";
    const console = await bootScript(`${shellConf(script)}\nstop-timeout 1`);
    expect(console).toContain("\nbootlayer: exit 137 signal 9\n");
  });

  test("being killed for lack of memory is told", async () => {
    const console = await bootScript(shellConf("exec tail /dev/zero"));
    expect(console).toMatch(/\nbootlayer: exit 137 signal 9 oom\n/);
  });
});

describe.skipIf(judge.skip)(`what is left when the program ends${judge.reason}`, () => {
  let console: string;
  beforeAll(async () => {
    const service = `
      number=$(cat /shared/count || echo 0)
      [ "$number" = 2 ] && exec sleep 1000
      echo "run $number as $(id -u) with $OWN $SHARED"
      echo $((number + 1)) > /shared/count
      exit 4`;
    const lasting = "trap 'echo lasting is told' TERM; while true; do sleep 0.1; done";
    const script = `
      (trap 'sleep 0.3; echo left over is told; exit' TERM; while true; do sleep 0.1; done) &
      until [ "$(cat /shared/count || echo 0)" -ge 2 ]; do sleep 0.1; done
      su app -c 'echo stepped down to $(id -u) > /dev/stdout'
      seq 1 20000
      exit 9`;
    const conf = `${shellConf(script)}
env SHARED=from-program
tmpfs /shared 1777 64k
stop-timeout 2
service counter
service-argv /bin/busybox
service-argv sh
service-argv /counter
service-env OWN=of-service
service-user 12 13
service lasting
service-argv /lasting
service lost
service-argv /lost
service-once`;
    console = await bootScript(
      conf,
      {},
      {
        counter: service,
        lasting: { program: `#!/bin/sh\n${lasting}\n` },
        lost: { program: "#!/bin/absent\n" },
        "etc/passwd": "app:x:1000:1000::/:/bin/sh\n",
      },
    );
  });

  test("a service that ends is started again, with the program's environment and its own", () => {
    expect(console).toContain("\nrun 0 as 12 with of-service from-program\n");
    expect(console).toContain("\nbootlayer: warning service counter ended: exit 4\n");
    expect(console).toContain("\nrun 1 as 12 with of-service from-program\n");
  });

  test("a service that cannot start is a warning", () => {
    expect(console).toContain(
      "bootlayer: warning service lost did not start: /lost: execve: it is there, but the interpreter that it names is not\n",
    );
  });

  test("a program that has stepped down from root opens /dev/stdout again", () => {
    expect(console).toContain("\nstepped down to 1000\n");
  });

  test("all output of the program comes before the exit mark", () => {
    // What ends at the same time may speak in the middle of a line.
    const numbers = console.replaceAll(/(left over|lasting) is told\n/g, "").match(/^\d+$/gm);
    expect(numbers).toHaveLength(20_000);
    expect(numbers?.at(-1)).toBe("20000");
  });

  test("what still runs is told to end, and killed when it does not", () => {
    expect(console).toContain("left over is told\n");
    expect(console).toContain("lasting is told\n");
    expect(console).toMatch(/\nbootlayer: exit 9\n(\[.*Power down\n)?$/);
  });
});

describe.skipIf(judge.skip)(`a console that nobody reads${judge.reason}`, boots, () => {
  test("does not keep the machine from its end", async () => {
    await using scratch = await scratchDirectory();
    const tree = await writeTree(join(scratch.path, "tree"), {
      conf: shellConf("echo unread"),
      files: BUSYBOX,
    });
    const initrd = await packInitrd(tree);
    const fifo = join(scratch.path, "fifo");
    await execa("mkfifo", [fifo]);
    // Both its ends are open here: it never breaks, and is full from the start.
    await using full = await open(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    await expect(full.writeFile(Buffer.alloc(2 ** 22))).rejects.toThrow("EAGAIN");
    const machine = "-accel tcg -cpu max -m 192 -nodefaults -no-reboot -display none -serial stdio".split(
      " ",
    );
    const start = [
      "-kernel",
      kernel.kernel,
      "-initrd",
      initrd,
      "-append",
      "console=ttyS0 quiet panic=-1 no_timer_check",
    ];
    const qemu = ["qemu-system-x86_64", ...machine, ...start];
    const { exitCode } = await execa("sh", ["-c", 'exec "$@" 1<>"$0" </dev/null', fifo, ...qemu], {
      env: { PATH: judgePath() },
      timeout: 120_000,
    });
    expect(exitCode).toBe(0);
  });
});

describe.skipIf(judge.skip)(`a program at the console${judge.reason}`, boots, () => {
  test("has a terminal of its own, which controls it", async () => {
    const script = `
      tty; [ -t 0 ] && [ -t 2 ] && echo is-terminal
      echo "owner $(stat -c '%u %a' $(tty)) size $(stty size)"
      echo typed? > /dev/tty
      read line; echo "read <$line>"
      sleep 60`;
    const console = await bootScript(
      `${shellConf(script)}\nterminal\nstdin console\nuser 1000 1000`,
      // Ctrl-C goes to whoever is in the terminal's foreground.
      {
        input: [
          { after: /typed\?/, text: "some words\n" },
          { after: /read </, text: "\u0003" },
        ],
      },
    );
    expect(console).toContain("\n/dev/pts/0\nis-terminal\nowner 1000 620 size 24 80\n");
    expect(console).toContain("\nread <some words>\n");
    expect(console).toMatch(/\nbootlayer: exit 130( signal 2)?\n/);
  });

  test("reads what is typed through a pipe, until its end", async () => {
    const script = 'echo ready; while read line; do echo "read <$line>"; done; echo end of input';
    const console = await bootScript(`${shellConf(script)}\nstdin console\nuser 1000 1000`, {
      input: [{ after: /ready/, text: "one\ntwo\n\u0004" }],
    });
    expect(console).toMatch(/read <one>[^]*read <two>[^]*end of input\nbootlayer: exit 0\n/);
  });
});
