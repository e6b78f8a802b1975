import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, test as property } from "@fast-check/vitest";
import { debianPackage, requireJudge, unpackedPackage } from "@bootlayer/test-fixtures";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseGuestConfig, type ServiceConfigInput } from "../src/guest-config.ts";
import { openrcServices } from "../src/openrc-services.ts";

/** In place of OpenRC's daemons: tells its own name and its arguments, and a variable of the environment. */
const telling = String.raw`#!/bin/sh
printf '%s\0' "${"$"}{0##*/}" "$@" "$SAID"
`;
/** What openrc-run has before a script and the functions that start it; most of it says what happens to a person. */
const around = String.raw`
ebegin() { :; }
eend() { return $1; }
yesno() { [ "$1" = true ]; }
service_set_value() { [ "$1" = command ] && saved=$2; :; }
service_get_value() { [ "$1" = command ] && echo "$saved"; :; }
`;

const judge = requireJudge("sh", "apt-get", "dpkg-deb");
describe.skipIf(judge.skip)(`services, as OpenRC's own functions start them${judge.reason}`, () => {
  let scratch: string;
  let functions: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "bootlayer-openrc-"));
    const openrc = await unpackedPackage(await debianPackage(["openrc"], /^openrc$/));
    functions = join(openrc, "lib", "rc", "sh");
    await mkdir(join(scratch, "bin"));
    for (const name of ["supervise-daemon", "start-stop-daemon"]) {
      await writeFile(join(scratch, "bin", name), telling);
      await chmod(join(scratch, "bin", name), 0o755);
    }
  });
  afterAll(async () => {
    await rm(scratch, { recursive: true });
  });

  /** What the daemon is told when a service is started, and when it is stopped. */
  async function wordsOf(service: Omit<ServiceConfigInput, "name">, verbs: string): Promise<string[]> {
    const [made] = openrcServices(
      parseGuestConfig({ services: [{ name: "a", ...service }] }, "guest.yaml"),
      false,
    );
    const shell = `${around}\n. ${functions}/supervise-daemon.sh\n. ${functions}/start-stop-daemon.sh\n${made?.script ?? ""}\n${verbs}`;
    const { stdout } = await execa("sh", ["-e", "-c", shell], {
      cwd: "/",
      env: { RC_SVCNAME: "bootlayer-service-a", PATH: `${scratch}/bin:/usr/bin:/bin` },
      encoding: "buffer",
      stripFinalNewline: false,
    });
    return Buffer.from(stdout).toString().split("\0").slice(0, -1);
  }

  test("one that is kept alive has a supervisor that never gives up", async () => {
    const told = await wordsOf({ command: ["/helper", "-v"] }, "supervise_start");
    expect(told.join(" ")).toBe(
      "supervise-daemon bootlayer-service-a --start --respawn-delay 1 --respawn-max 0 /helper -- -v ",
    );
  });

  test("one that runs once is put into the background, and stopped by the same path", async () => {
    const told = await wordsOf({ command: ["/helper", "-v"], restart: false }, "ssd_start; ssd_stop");
    const daemon = "start-stop-daemon";
    const pidfile = "--pidfile /run/bootlayer-service-a.pid";
    expect(told.join(" ")).toBe(
      `${daemon} --start --exec /helper ${pidfile} --background --make-pidfile -- -v  ${daemon} --stop --exec /helper ${pidfile} `,
    );
  });

  const word = fc
    .oneof(
      fc.string({ maxLength: 8, unit: "binary" }),
      fc.string({
        maxLength: 8,
        unit: fc.constantFrom(" ", "\t", "\n", "'", '"', "\\", "$", "`", "*", "a", ";", "#", "~", "/"),
      }),
    )
    .filter((text) => !text.includes("\0") && text.isWellFormed());
  property.prop([fc.array(word, { maxLength: 4 }), word], { numRuns: 40 })(
    "every argument and variable comes through, whatever is in it",
    async (words, value) => {
      for (const verb of ["supervise_start", "ssd_start"]) {
        const restart = verb === "supervise_start";
        const told = await wordsOf({ command: ["/helper", ...words], env: { SAID: value }, restart }, verb);
        expect(told.slice(told.indexOf("--") + 1)).toEqual([...words, value]);
      }
    },
  );
});
