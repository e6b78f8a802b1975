import { byteString, bytesOf, displayText, type ByteString } from "@bootlayer/rootfs-tree";
import { GuestError } from "./errors.ts";
import { escapeField } from "./record-field.ts";
import type { GuestService, InitConf, RunProgram } from "./init-conf.ts";

/** Text is given as bytes: `byteString` is where it becomes UTF-8. */
type Field = ByteString | number;

/** A word of the format, or text that a person typed. */
const word = byteString;

/** As much as the init reads. */
const maxBytes = 2 ** 20;
/** PATH_MAX without its NUL (limits.h). */
const maxPathBytes = 4095;

/**
 * The text of `/etc/bootlayer/init.conf` (init/init-conf.md): ASCII, one record to a line. What the init would refuse when the
 * guest starts is refused here.
 *
 * @throws {GuestError} GUEST_CONFIG where a field holds NUL, which no argument or path can; for a path that is relative or over
 * 4,095 bytes; and where all of it comes to over 1 MiB.
 */
export function encodeInitConf(conf: InitConf): Uint8Array {
  const lines = [...records(conf)].map(([name, ...fields]) => [name, ...fields.map(encodeField)].join(" "));
  const bytes = Buffer.from(`bootlayer-init 1\n${lines.map((line) => `${line}\n`).join("")}`, "latin1");
  if (bytes.length <= maxBytes) return bytes;
  throw new GuestError(
    "GUEST_CONFIG",
    `the guest's init.conf comes to ${bytes.length} bytes, and the init reads ${maxBytes}`,
    "arguments and variables are what is long in it: shorten them, or put them into a file",
  );
}

function* records(conf: InitConf): Generator<readonly [name: string, ...fields: Field[]]> {
  for (const path of conf.modules ?? []) yield ["module", pathField(word(path))];
  if (conf.root) yield ["root", word(conf.root.device), word(conf.root.type), word(conf.root.options)];
  if (conf.overlay?.kind === "tmpfs") yield ["overlay", word("tmpfs"), word(conf.overlay.size ?? "")];
  if (conf.overlay?.kind === "device")
    yield ["overlay-device", word(conf.overlay.device), word(conf.overlay.type)];
  for (const { device, path, type, options } of conf.mounts ?? [])
    yield ["mount", word(device), pathField(word(path)), word(type), word(options)];
  for (const { path, mode, size } of conf.tmpfs ?? [])
    yield ["tmpfs", pathField(word(path)), word(mode.toString(8)), word(size ?? "")];
  if (conf.hostname !== undefined) yield ["hostname", word(conf.hostname)];
  if (conf.machineId === true) yield ["machine-id"];
  yield* networkRecords(conf);
  if (conf.agent?.vsock !== undefined) yield ["agent-vsock", conf.agent.vsock];
  if (conf.agent?.serial !== undefined) yield ["agent-serial", word(conf.agent.serial)];
  if (conf.run.kind === "program") yield* programRecords(conf.run);
  else yield ["hand-over", pathField(conf.run.path)];
  for (const service of conf.services ?? []) yield* serviceRecords(service);
  if (conf.onExit !== undefined) yield ["on-exit", word(conf.onExit)];
}

function* networkRecords({ network, resolvConf }: InitConf): Generator<readonly [string, ...Field[]]> {
  if (network) {
    yield ["network", word(network.mode)];
    if (network.interface !== undefined) yield ["interface", word(network.interface)];
    for (const address of network.addresses ?? []) yield ["address", word(address)];
    for (const gateway of network.gateways ?? []) yield ["gateway", word(gateway)];
    if (network.mtu !== undefined) yield ["mtu", network.mtu];
  }
  if (resolvConf !== undefined) yield ["resolv-conf", word(resolvConf)];
}

function* programRecords(program: RunProgram): Generator<readonly [string, ...Field[]]> {
  for (const argument of program.argv) yield ["argv", argument];
  for (const variable of program.env) yield ["env", variable];
  yield ["cwd", pathField(program.cwd)];
  yield ["user", program.uid, program.gid];
  for (const group of program.groups) yield ["group", group];
  for (const { name, soft, hard } of program.limits)
    yield ["limit", word(name), limitField(soft), limitField(hard)];
  if (program.terminal) yield ["terminal"];
  if (program.stdin) yield ["stdin", word("console")];
  yield ["stop-signal", program.stopSignal];
  yield ["stop-timeout", program.stopTimeoutSeconds];
}

function* serviceRecords({
  name,
  argv,
  env,
  restart,
}: GuestService): Generator<readonly [string, ...Field[]]> {
  yield ["service", word(name)];
  for (const argument of argv) yield ["service-argv", word(argument)];
  for (const variable of env) yield ["service-env", word(variable)];
  if (!restart) yield ["service-once"];
}

function limitField(value: number | "unlimited"): Field {
  return value === "unlimited" ? word(value) : value;
}

function pathField(path: ByteString): ByteString {
  if (path.startsWith("/") && path.length <= maxPathBytes) return path;
  throw new GuestError(
    "GUEST_CONFIG",
    `${displayText(path.slice(0, 200) as ByteString)} is a path of ${path.length} bytes`,
    `a path in the guest is absolute and has at most ${maxPathBytes} bytes`,
  );
}

function encodeField(field: Field): string {
  if (typeof field === "number") return String(field);
  const bytes = bytesOf(field);
  if (bytes.includes(0))
    throw new GuestError(
      "GUEST_CONFIG",
      `${displayText(field)} holds a NUL byte`,
      "no argument, variable or path can hold one",
    );
  return escapeField(bytes);
}
