import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { requireJudge } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { bootJudge, bootTimeout, guestTools, runGuest } from "./guest-cli.ts";
import { withDirectory } from "./run-cli.ts";

const run = promisify(execFile);
const psql = requireJudge(...guestTools, "psql");

/** QEMU takes a connection at once, and drops it while nobody listens in the guest. */
async function whenServed<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let attempt = 0; ; attempt++)
    try {
      return await ask();
    } catch (error) {
      if (attempt === 60) throw error;
      await sleep(500);
    }
}

describe.skipIf(bootJudge.skip)(`a guest${bootJudge.reason}`, { timeout: bootTimeout }, () => {
  test("of nginx prepares itself by its scripts, serves the host, logs to the console, and ends in peace", async () => {
    const { exitCode, outcome, console } = await runGuest({
      image: "nginx",
      build: ["--env", "GREETING=good day", "--hostname", "web"],
      ports: [80],
      agent: true,
      async meanwhile({ until, hostPort, stop }) {
        await until(/configuration complete; ready for start up/);
        const page = await whenServed(() => fetch(`http://127.0.0.1:${hostPort(80)}/`));
        expect([page.status, await page.text()]).toEqual([200, "<h1>Welcome to nginx!</h1>\n"]);
        const made = await fetch(`http://127.0.0.1:${hostPort(80)}/environment`);
        // DHCP's name server, through /etc/resolv.conf and a template.
        expect(await made.text()).toBe("greeting good day, resolvers 10.0.2.3\n");
        await stop();
      },
    });
    expect({ exitCode, outcome }).toMatchObject({ exitCode: 0, outcome: { exitCode: 0, warnings: [] } });
    expect(console).toMatch(/"GET \/ HTTP\/1\.1" 200 /);
  });

  test.skipIf(psql.skip)(
    `of postgres makes its database with a file that was put in, and answers psql${psql.reason}`,
    async () => {
      await withDirectory(async (directory) => {
        const sql = join(directory, "guests.sql");
        await writeFile(sql, "CREATE TABLE guests (name text); INSERT INTO guests VALUES ('first');\n");
        const environment = [
          "POSTGRES_PASSWORD=se cret",
          "POSTGRES_DB=shop",
          "POSTGRES_INITDB_ARGS=--no-sync",
        ];
        const { exitCode, console } = await runGuest({
          image: "postgres",
          build: [
            "--size",
            "+200M",
            "--inject",
            `${sql}:/docker-entrypoint-initdb.d/guests.sql:0644`,
            ...environment.flatMap((variable) => ["--env", variable]),
          ],
          ports: [5432],
          agent: true,
          async meanwhile({ until, hostPort, stop }) {
            await until(/the database is made; it starts/);
            const { stdout } = await whenServed(() =>
              run("psql", ["-w", "-At", "-c", "SELECT name, current_user FROM guests"], {
                env: {
                  ...process.env,
                  PGHOST: "127.0.0.1",
                  PGPORT: String(hostPort(5432)),
                  PGUSER: "postgres",
                  PGPASSWORD: "se cret",
                  PGDATABASE: "shop",
                },
              }),
            );
            expect(stdout).toBe("first|postgres\n");
            await stop();
          },
        });
        expect(exitCode).toBe(0);
        expect(console).toContain("received fast shutdown request");
      });
    },
  );

  test("of Node serves the host as the image's user, in its directory", async () => {
    const { exitCode } = await runGuest({
      image: "node",
      ports: [3000],
      agent: true,
      async meanwhile({ until, hostPort, stop }) {
        await until(/listening on 3000/);
        const answer = await whenServed(() => fetch(`http://127.0.0.1:${hostPort(3000)}/`));
        expect(await answer.json()).toMatchObject({
          uid: 1000,
          gid: 1000,
          cwd: "/app",
          home: "/home/node",
          argv: ["/usr/bin/node", "/app/server.js"],
        });
        await stop();
      },
    });
    expect(exitCode).toBe(0);
  });
});
