import { byteString, type ByteString } from "@bootlayer/rootfs-tree";
import { agentCommand } from "./agent-command.ts";
import { GuestError } from "./errors.ts";
import type { GuestConfig, ServiceConfig } from "./guest-config.ts";
import { guestPaths } from "./paths.ts";

export interface OpenrcService {
  /** Below /etc/init.d. */
  readonly name: string;
  readonly script: string;
  readonly runlevel: "boot" | "default";
}

/** The link that puts a service into its runlevel (rc-update(8)). */
export function runlevelLink({ name, runlevel }: OpenrcService): {
  readonly path: string;
  readonly target: ByteString;
} {
  return { path: `/etc/runlevels/${runlevel}/${name}`, target: byteString(`/etc/init.d/${name}`) };
}

/**
 * The services of a guest whose init is OpenRC (openrc-run(8), supervise-daemon-guide.md). `initRunsFirst`: our init runs before
 * OpenRC, and so has brought the network up already.
 *
 * @throws {GuestError} GUEST_CONFIG for a variable that a shell cannot export, and a program whose path it would take apart.
 */
export function openrcServices(config: GuestConfig, initRunsFirst: boolean): OpenrcService[] {
  const { network, agent, services } = config;
  const all = services.map(serviceScript);
  if (agent)
    all.unshift(daemonScript("bootlayer-agent", "Agent of the guest", agentCommand(agent), {}, true));
  if (network !== undefined && network.mode !== "none" && !initRunsFirst) all.unshift(networkScript);
  return all;
}

const networkScript: OpenrcService = {
  name: "bootlayer-network",
  runlevel: "boot",
  script: `#!/sbin/openrc-run
description="Network of the guest, as its builder said"

depend() {
	provide net
	need localmount
	after bootmisc modules
}

start() {
	ebegin "Bringing the network up"
	${guestPaths.init} network
	eend $?
}
`,
};

/** A script says by these how it is to be started (openrc-run(8)): none of them can be a program's variable too. */
const scriptVariables =
  /^(?:bootlayer|command|error|extra|healthcheck|output|rc|required|respawn|start|supervise|unmount)_|^(?:capabilities|chroot|command|description|directory|name|no_new_privs|pidfile|procname|retry|secbits|stopsig|supervisor|umask)$/;

function serviceScript({ name, command, env = {}, restart }: ServiceConfig): OpenrcService {
  const unfit = Object.keys(env).find(
    (variable) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable) || scriptVariables.test(variable),
  );
  if (unfit !== undefined)
    throw new GuestError(
      "GUEST_CONFIG",
      `service ${name}: OpenRC passes no variable ${JSON.stringify(unfit)} on`,
      "a name has letters, digits and _, begins with no digit, and is none of openrc-run(8)",
    );
  return daemonScript(
    `bootlayer-service-${name}`,
    `${name}, put in by the guest's builder`,
    command,
    env,
    restart,
  );
}

/**
 * OpenRC splits `command` and `command_args` at blanks, takes them for patterns of file names, and evaluates what comes of it as
 * shell text (openrc's sh/supervise-daemon.sh, sh/start-stop-daemon.sh). So each argument is a variable of its own, and
 * `command_args` names them. When it stops a program it does not evaluate `command`: no quotes can be in that.
 */
function daemonScript(
  name: string,
  description: string,
  [program = "", ...words]: readonly string[],
  env: Readonly<Record<string, string>>,
  restart: boolean,
): OpenrcService {
  if (!/^[\w@%+=:,./-]+$/.test(program))
    throw new GuestError(
      "GUEST_CONFIG",
      `${name}: OpenRC starts no program whose path has such characters: ${JSON.stringify(program)}`,
      "give it a path of letters, digits and _@%+=:,./-",
    );
  const lines = [
    "#!/sbin/openrc-run",
    `description=${shellQuote(description)}`,
    restart
      ? "supervisor=supervise-daemon\nrespawn_delay=1\nrespawn_max=0"
      : `command_background=true\npidfile="/run/${name}.pid"`,
    `command=${program}`,
    ...words.map((word, index) => `bootlayer_argument_${index + 1}=${shellQuote(word)}`),
    `command_args='${words.map((_, index) => `"$bootlayer_argument_${index + 1}"`).join(" ")}'`,
    ...Object.entries(env).map(([variable, value]) => `export ${variable}=${shellQuote(value)}`),
    "",
    "depend() {",
    "\tafter net",
    "}",
    "",
  ];
  return { name, script: lines.join("\n"), runlevel: "default" };
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
