import { describe, expect, test } from "vitest";
import { bootJudge, bootTimeout, runGuest } from "./guest-cli.ts";

describe.skipIf(bootJudge.skip)(`a guest${bootJudge.reason}`, { timeout: bootTimeout }, () => {
  test("of systemd reaches multi-user with the agent as a unit, which runs programs, and powers off", async () => {
    const { exitCode } = await runGuest({
      image: "systemd",
      agent: true,
      async meanwhile({ exec }) {
        expect(await exec("systemctl", "is-system-running", "--wait")).toEqual({
          exitCode: 0,
          stdout: "running\n",
          stderr: "",
        });
        const units = ["multi-user.target", "bootlayer-agent.service"];
        expect(await exec("systemctl", "is-active", ...units)).toMatchObject({ stdout: "active\nactive\n" });
        expect(await exec("sh", "-c", "exit 7")).toMatchObject({ exitCode: 7 });
        expect(await exec("systemctl", "poweroff")).toMatchObject({ exitCode: 0 });
      },
    });
    expect(exitCode).toBe(0);
  });

  test("of OpenRC starts the agent as a service beside the image's own, which serve the host, and powers off", async () => {
    const { exitCode } = await runGuest({
      image: "openrc",
      ports: [8080],
      agent: true,
      async meanwhile({ until, hostPort, exec }) {
        await until(/^openrc-image: ready$/m);
        const answer = await fetch(`http://127.0.0.1:${hostPort(8080)}/`);
        expect(await answer.text()).toBe("probe on 8080\n");
        const { stdout } = await exec("rc-status", "default");
        expect(stdout).toMatch(/^ bootlayer-agent +\[ +started /m);
        expect(await exec("poweroff")).toMatchObject({ exitCode: 0 });
      },
    });
    expect(exitCode).toBe(0);
  });
});
