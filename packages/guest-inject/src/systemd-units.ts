import { byteString, type ByteString } from "@bootlayer/rootfs-tree";
import { agentCommand } from "./agent-command.ts";
import { GuestError } from "./errors.ts";
import type { GuestConfig, ServiceConfig } from "./guest-config.ts";
import { guestPaths } from "./paths.ts";

export interface SystemdFile {
  readonly path: string;
  readonly what: Readonly<{ kind: "text"; text: string } | { kind: "symlink"; target: ByteString }>;
}

export interface SystemdOptions {
  /** Whether our init runs before systemd, and so has brought the network up already. */
  readonly initRunsFirst: boolean;
  /** Whether the image has udev: without it, no device unit ever becomes active, and waits for one last 90 seconds. */
  readonly hasUdev: boolean;
}

const directory = "/etc/systemd/system";
/** Consoles on which systemd starts a login that waits for its device (systemd-getty-generator(8)). */
const consoles = ["ttyS0", "ttyAMA0", "hvc0"];

/**
 * The units and links of a guest whose init is systemd (systemd.unit(5), systemd.service(5), systemd.preset(5)). Links have
 * absolute targets, as `systemctl enable` makes them; the preset keeps them where a first boot applies presets.
 *
 * @throws {GuestError} GUEST_CONFIG for a variable that systemd cannot pass on.
 */
export function systemdFiles(config: GuestConfig, options: SystemdOptions): SystemdFile[] {
  const units = [...unitsOf(config, options)];
  const masked = options.hasUdev ? [] : consoles.map((name) => `dev-${name}.device`);
  return [
    ...units.flatMap(({ name, text }) => [
      textFile(`${directory}/${name}`, text),
      link(`${directory}/multi-user.target.wants/${name}`, `${directory}/${name}`),
    ]),
    ...(units.length === 0
      ? []
      : [
          textFile(
            "/usr/lib/systemd/system-preset/00-bootlayer.preset",
            units.map(({ name }) => `enable ${name}\n`).join(""),
          ),
        ]),
    ...masked.map((name) => link(`${directory}/${name}`, "/dev/null")),
  ];
}

function* unitsOf(config: GuestConfig, { initRunsFirst }: SystemdOptions): Generator<Unit> {
  const { network, agent, services } = config;
  if (network !== undefined && network.mode !== "none" && !initRunsFirst) yield networkUnit;
  if (agent)
    yield {
      name: "bootlayer-agent.service",
      text: simpleUnit("Agent of the guest", agentCommand(agent), [], true),
    };
  for (const service of services) yield serviceUnit(service);
}

interface Unit {
  readonly name: string;
  readonly text: string;
}

/** Early, but after the root can be written to: it may write /etc/resolv.conf. */
const networkUnit: Unit = {
  name: "bootlayer-network.service",
  text: `[Unit]
Description=Network of the guest, as its builder said
DefaultDependencies=no
Wants=network.target
After=local-fs.target systemd-modules-load.service systemd-sysctl.service
Before=network.target network-online.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${guestPaths.init} network

[Install]
WantedBy=multi-user.target
`,
};

function serviceUnit({ name, command, env = {}, restart }: ServiceConfig): Unit {
  const environment = Object.entries(env).map(([variable, value]) => {
    // Systemd drops others, with a line in its journal that nobody reads (systemd.exec(5), Environment=).
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable))
      throw new GuestError(
        "GUEST_CONFIG",
        `service ${name}: systemd passes no variable ${JSON.stringify(variable)} on`,
        "a name has letters, digits and _, and begins with no digit",
      );
    return `Environment=${quote(`${variable}=${value}`)}`;
  });
  return {
    name: `bootlayer-service-${name}.service`,
    text: simpleUnit(`${name}, put in by the guest's builder`, command, environment, restart),
  };
}

function simpleUnit(
  description: string,
  [program = "", ...words]: readonly string[],
  environment: readonly string[],
  restart: boolean,
): string {
  return `[Unit]
Description=${description.replaceAll("%", "%%")}
After=network.target
StartLimitIntervalSec=0

[Service]
${[`ExecStart=${[quote(program), ...words.map(quoteArgument)].join(" ")}`, ...environment].join("\n")}
Restart=${restart ? "always" : "no"}
RestartSec=1

[Install]
WantedBy=multi-user.target
`;
}

/** In arguments, but not in the program's path, `$` begins a variable (systemd.service(5), "COMMAND LINES"). */
function quoteArgument(text: string): string {
  return quote(text.replaceAll("$", "$$$$"));
}

/**
 * One word in double quotes: escapes as in C (systemd.syntax(7), "QUOTING"), and `%`, which begins a specifier anywhere in a unit
 * (systemd.unit(5), "SPECIFIERS"), doubled.
 */
function quote(text: string): string {
  const escaped = text
    .replaceAll("%", "%%")
    // oxlint-disable-next-line no-control-regex
    .replaceAll(/[\u0000-\u001f\u007f"\\]/g, (character) =>
      character === '"' || character === "\\"
        ? `\\${character}`
        : String.raw`\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
  return `"${escaped}"`;
}

function textFile(path: string, text: string): SystemdFile {
  return { path, what: { kind: "text", text } };
}

function link(path: string, target: string): SystemdFile {
  return { path, what: { kind: "symlink", target: byteString(target) } };
}
