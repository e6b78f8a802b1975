import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A PostgreSQL server of a test's own, on loopback. */
export interface TestPostgresql {
  /** Of a database that is empty at first. */
  readonly url: string;
  /** Makes another empty database on the same server; answers with its URL. */
  createDatabase(name: string): Promise<string>;
  close(): Promise<void>;
}

/** Debian keeps the server's programs out of PATH. */
function programs(): string | undefined {
  return globSync("/usr/lib/postgresql/*/bin").toSorted().at(-1);
}

/** Says whether a PostgreSQL server can be started here, as `requireJudge` does. */
export function requirePostgresql(): { readonly skip: boolean; readonly reason: string } {
  const onPath = (process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((path) => globSync(join(path, "initdb")));
  if (programs() !== undefined || onPath.length > 0) return { skip: false, reason: "" };
  if (process.env["BOOTLAYER_REQUIRE_JUDGES"] === "1")
    throw new Error("BOOTLAYER_REQUIRE_JUDGES is 1, but this is missing: postgresql");
  return { skip: true, reason: " [skipped: needs postgresql]" };
}

/** Starts one in a directory of its own. The superuser's tests run it as `postgres`, which it insists on. */
export async function startPostgresql(): Promise<TestPostgresql> {
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-postgresql-"));
  const user = process.getuid?.() === 0 ? serverUser() : undefined;
  await chmod(directory, 0o700);
  if (user) await chown(directory, user.uid, user.gid);
  const environment = {
    env: { ...process.env, PATH: `${programs() ?? ""}${delimiter}${process.env["PATH"] ?? ""}` },
    cwd: directory,
    ...user,
  };
  const made = spawnSync(
    "initdb",
    ["-A", "trust", "-U", "test", "-E", "UTF8", "--no-locale", "--no-sync", "-D", join(directory, "data")],
    { ...environment, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr || String(made.error)}`);
  const port = await freePort();
  const server = spawn(
    "postgres",
    `-p ${port} -h 127.0.0.1 -c fsync=off -c max_connections=200`
      .split(" ")
      .concat("-k", directory, "-D", join(directory, "data")),
    { ...environment, stdio: ["ignore", "ignore", "pipe"] },
  );
  const log: string[] = [];
  server.stderr?.on("data", (chunk: Buffer) => log.push(chunk.toString()));
  const url = (name: string): string => `postgresql://test@127.0.0.1:${port}/${name}`;
  const close = async (): Promise<void> => {
    await stop(server);
    await rm(directory, { recursive: true, force: true });
  };
  const createDatabase = async (name: string): Promise<string> => {
    const { status, stderr } = spawnSync(
      "createdb",
      ["-h", "127.0.0.1", "-p", String(port), "-U", "test", name],
      { ...environment, encoding: "utf8" },
    );
    if (status !== 0) throw new Error(`createdb: ${stderr}`);
    return url(name);
  };
  for (let attempt = 0; !log.join("").includes("ready to accept connections"); attempt++) {
    if (server.exitCode !== null || attempt > 300) {
      await close();
      throw new Error(`postgres did not start: ${log.join("")}`);
    }
    await sleep(100);
  }
  return { url: await createDatabase("test"), createDatabase, close };
}

function serverUser(): { readonly uid: number; readonly gid: number } {
  return { uid: idOfPostgres("-u"), gid: idOfPostgres("-g") };
}

function idOfPostgres(flag: "-u" | "-g"): number {
  return Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout.trim());
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Clients that are still there are cut off. */
async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = once(server, "exit");
  server.kill("SIGINT");
  await ended;
}
