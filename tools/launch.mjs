// What `npm start` and `npm test` run. Plain JavaScript, for any Node since 18: it installs what the workspace pins,
// a current Node among it, and hands over to that.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, "node_modules", ".bin");
const oldestNode = [24, 12];

const env = {
  ...process.env,
  PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`,
  NX_DAEMON: "false",
  NX_TUI: "false",
};

const [task, ...rest] = process.argv.slice(2);
install();
const node = currentNode();
const source = ["--conditions=@bootlayer/source"];

if (task === "start" && rest.length > 0)
  run([...source, join(root, "apps/cli/src/main.ts"), ...rest], process.env.INIT_CWD ?? process.cwd());
else if (task === "start") run([...source, join(root, "tools/demo.ts")], root);
else if (task === "test") run([...source, join(root, "tools/test.ts"), ...rest], root);
else fail(`unknown task ${task}: it is start or test`);

/**
 * `npm ci`, unless node_modules is already what the lock file says. An npm that runs on an old Node leaves out platform packages that
 * ask for a newer one, so it is then asked for the rest with the Node that has just been installed.
 */
function install() {
  const stamp = join(root, "node_modules", ".installed-lock");
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  process.stderr.write("installing the pinned packages (once) ...\n");
  npm(["ci"], process.env);
  if (!isNewEnough() && existsSync(join(bin, "node"))) npm(["install", "--no-save"], env);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lock);
}

function npm(command, environment) {
  const arguments_ = [...command, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, error } = spawnSync("npm", arguments_, {
    cwd: root,
    env: environment,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) fail(`npm ${command.join(" ")} failed${error ? `: ${error.message}` : ""}`);
}

function isNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
}

/** The Node that the lock file pins where the platform has one, else the caller's if it is new enough. */
function currentNode() {
  const pinned = join(bin, "node");
  if (existsSync(pinned)) return pinned;
  if (isNewEnough()) return process.execPath;
  return fail(
    `Node ${oldestNode.join(".")} or newer is needed on this platform; this is ${process.versions.node}`,
  );
}

function run(arguments_, cwd) {
  // The child gets the terminal's signals itself and decides; this process only waits for it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
  const { status, signal, error } = spawnSync(node, arguments_, { cwd, env, stdio: "inherit" });
  if (error) fail(error.message);
  process.exit(status ?? 128 + (signal === "SIGINT" ? 2 : 15));
}

function fail(message) {
  process.stderr.write(`bootlayer: ${message}\n`);
  process.exit(1);
}
