import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { requireJudge } from "@bootlayer/test-fixtures";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guestLayer } from "../src/inject-layer.ts";
import { planOf } from "./plan-fixtures.ts";

const words = [
  "$HOME",
  "${HOME}",
  'say "hi" %n %%',
  "\\x41",
  "line\nbreak",
  "",
  ";",
  " ",
  "\t\u0001",
  "na\u00efve",
  "@-:+!",
];
const env = { A: '$x %y\t"\\', B: "two\nlines", C: "" };
const services = [
  { name: "odd", command: ["/opt/a b%$c", ...words], env },
  { name: "once", command: ["/opt/plain"], restart: false },
];
const units = ["network", "agent", "service-odd", "service-once"].map((name) => `bootlayer-${name}.service`);

const judge = requireJudge("systemd-analyze", "systemctl", "tar", "sh", "root");
describe.skipIf(judge.skip)(`units, as systemd reads them${judge.reason}`, () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "bootlayer-systemd-"));
    // An image of this machine's systemd: its own units, and nothing that could be started.
    await mkdir(join(root, "usr/lib/systemd"), { recursive: true });
    await cp("/usr/lib/systemd/system", join(root, "usr/lib/systemd/system"), {
      recursive: true,
      verbatimSymlinks: true,
    });
    await mkdir(join(root, "etc/systemd/system-preset"), { recursive: true });
    await writeFile(join(root, "etc/systemd/system-preset/99-default.preset"), "disable *\n");
    const plan = await planOf({
      files: { "/usr/lib/systemd/systemd": "elf", "/opt/a b%$c": "elf", "/opt/plain": "elf" },
      image: { Cmd: ["/usr/lib/systemd/systemd"] },
      guest: {
        network: { mode: "dhcp" },
        agent: { vsock: 1024, serial: "agent.0" },
        services,
        files: ["/opt/a b%$c", "/opt/plain"].map((guest) => ({
          guest,
          content: "#!/bin/sh\n",
          mode: "0755",
        })),
      },
    });
    const layer = await guestLayer(plan, { seconds: 0, nanoseconds: 0 });
    await execa("tar", ["--extract", "-C", root], {
      input: Readable.from(layer.open(new AbortController().signal)),
    });
  });
  afterAll(async () => {
    await rm(root, { recursive: true });
  });

  test.for(units)("%s is without fault", async (unit) => {
    const { all } = await execa("systemd-analyze", ["verify", "--man=no", `--root=${root}`, unit], {
      all: true,
    });
    // What the machine's own units lack here is not ours.
    expect(all.split("\n").filter((line) => line.includes("bootlayer"))).toEqual([]);
  });

  test.for(units)(
    "%s is enabled, and stays so where a first boot disables all that no preset names",
    async (unit) => {
      const state = async (): Promise<string> =>
        (await execa("systemctl", [`--root=${root}`, "is-enabled", unit])).stdout;
      expect(await state()).toBe("enabled");
      await execa("systemctl", [`--root=${root}`, "preset", unit]);
      expect(await state()).toBe("enabled");
    },
  );

  test("every word of a command and every variable comes through", async () => {
    const { stdout } = await execa(
      "systemd-analyze",
      ["verify", "--man=no", `--root=${root}`, "bootlayer-service-odd.service"],
      { env: { SYSTEMD_LOG_LEVEL: "debug" } },
    );
    const [, command = ""] = /^\t+Command Line: (.*)$/m.exec(stdout) ?? [];
    // Systemd tells the words before it looks for variables: in all but the program two dollars stand for one.
    const told = ["/opt/a b%$c", ...words.map((word) => word.replaceAll("$", "$$$$"))];
    expect(
      [...command.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/g)].map(([word, quoted]) => unescape(quoted ?? word)),
    ).toEqual(told);
    for (const [name, value] of Object.entries(env))
      expect(stdout).toContain(`\tEnvironment: ${name}=${value}\n`);
  });

  test("nothing of this machine was changed", async () => {
    await expect(readFile("/etc/systemd/system/bootlayer-agent.service")).rejects.toMatchObject({
      code: "ENOENT",
    });
  });
});

/** As in C, which is how systemd tells words. */
function unescape(text: string): string {
  const named: Readonly<Record<string, string>> = { n: "\n", t: "\t" };
  return text.replaceAll(
    /\\(?:([0-7]{3})|x([0-9a-f]{2})|(.))/g,
    (_, octal?: string, hex?: string, one = "") =>
      octal === undefined && hex === undefined
        ? (named[String(one)] ?? String(one))
        : String.fromCharCode(Number.parseInt(octal ?? hex ?? "", octal === undefined ? 16 : 8)),
  );
}
