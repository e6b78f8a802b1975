import { byteString } from "@bootlayer/rootfs-tree";
import { splitSearchPath } from "./doctor/find-program.ts";
import { GuestError } from "./errors.ts";
import { parseExposedPorts } from "./exposed-ports.ts";
import type { GuestConfig } from "./guest-config.ts";
import type { GuestImage, GuestPlan, PlanOptions, PreparedGuest } from "./guest-plan.ts";
import { imageFileReader, type ReadImageFile } from "./image-file.ts";
import type { InitConf } from "./init-conf.ts";
import { findInit, recogniseInit, type ForeignInit } from "./init-system.ts";
import { injectedTree, type InjectedTree } from "./injected-tree.ts";
import { initNetwork, resolvConf } from "./network-files.ts";
import { guestPaths } from "./paths.ts";
import { initrdEntries } from "./plan-initrd.ts";
import { putFiles, putGuestFiles, putModules, putUnits } from "./plan-layer.ts";
import { checkProgram, planProcess } from "./plan-process.ts";
import { planVolumes } from "./plan-volumes.ts";
import type { Planning } from "./planning.ts";
import { composeProcess, type ComposedProcess } from "./process.ts";

/** What a guest is called that nobody names: scripts of images take a host name for granted. */
const defaultHostname = "bootlayer";

/**
 * Resolves what was asked of a guest against an image: its init system, its process, its users, where each file goes. It reads of the
 * image what it must and, where a large file was injected over /etc/passwd or the like, that file; the image's tree stays as
 * it is.
 *
 * @throws {GuestError} GUEST_INIT_SYSTEM, GUEST_PROCESS, GUEST_ENTRYPOINT, GUEST_USER, GUEST_GROUP, GUEST_FILE, GUEST_MODULE,
 * GUEST_CONFIG, GUEST_IMAGE. @throws {RootfsTreeError} PATH_SYMLINK_LOOP. What `image.readFile` throws passes through.
 */
export async function planGuest(
  prepared: PreparedGuest,
  image: GuestImage,
  { as = "layer", readOnlyRoot = false }: PlanOptions = {},
): Promise<GuestPlan> {
  const { config } = prepared;
  const imageProcess = image.config.config ?? {};
  const hostname = config.hostname ?? defaultHostname;
  const process = composeProcess(imageProcess, config.process, hostname);
  const tree = injectedTree(image.root);
  if (as === "initrd") checkUntouched(config);
  putFiles(prepared.files, tree);
  const readFile = imageFileReader(tree, image);
  const foreign = await chooseInit(config, process, tree, readFile);
  const planning: Planning = {
    prepared,
    config,
    image: imageProcess,
    as,
    readOnlyRoot,
    tree,
    readFile,
    process,
    hostname,
    foreign,
    initRunsFirst: foreign === undefined || as === "initrd" || needsOurInit(config),
    warnings: [...prepared.warnings],
  };
  const conf = foreign ? foreignConf(foreign, planning) : await ownConf(planning);
  if (as === "layer") await putLayer(planning, conf);
  const { ports, unknown } = parseExposedPorts(Object.keys(imageProcess.ExposedPorts ?? {}));
  planning.warnings.push(
    ...unknown.map((key) => `the image exposes ${JSON.stringify(key)}, which is no port`),
  );
  return {
    as,
    initSystem: foreign?.system ?? "bootlayer",
    conf,
    entries: as === "layer" ? tree.entries() : initrdEntries(prepared),
    kernelArguments: kernelArguments(planning),
    warnings: planning.warnings,
    ports,
    labels: imageProcess.Labels ?? {},
  };
}

async function putLayer(planning: Planning, conf: InitConf): Promise<void> {
  await putGuestFiles(planning, conf);
  putUnits(planning);
  putModules(planning);
}

/** An initrd brings our init; what goes into the image itself cannot be had without a layer. */
function checkUntouched({ files, ssh, hosts }: GuestConfig): void {
  const asked = [files.length > 0 && "files", ssh && "ssh", hosts.length > 0 && "hosts"].find(
    (key) => typeof key === "string",
  );
  if (typeof asked === "string")
    throw new GuestError(
      "GUEST_CONFIG",
      `${asked} cannot be had of an initrd, which leaves the image as it is`,
      `put the guest into the image (--init-as layer), or leave ${asked} out`,
    );
}

async function chooseInit(
  config: GuestConfig,
  process: ComposedProcess,
  tree: InjectedTree,
  readFile: ReadImageFile,
): Promise<ForeignInit | undefined> {
  if (config.init === "bootlayer") return undefined;
  const context = {
    root: tree.root,
    program: process.argv[0],
    search: {
      path: splitSearchPath(process.env.get("PATH") ?? ""),
      workingDirectory: byteString(process.workingDirectory),
    },
    readFile,
  };
  if (config.init === "auto") return await recogniseInit(context);
  const found = await findInit(config.init, context);
  if (found) return found;
  throw new GuestError(
    "GUEST_INIT_SYSTEM",
    `the image has no ${config.init} that could be its init`,
    "leave init out, or say bootlayer",
  );
}

/** What another init cannot do for itself before it runs. */
function needsOurInit({ modules, overlay, mounts }: GuestConfig): boolean {
  return modules?.directory !== undefined || overlay !== undefined || mounts.length > 0;
}

function commonConf({
  config,
  prepared,
}: Planning): Pick<InitConf, "modules" | "overlay" | "mounts" | "network" | "resolvConf"> {
  const { version, load } = prepared.modules;
  const network = initNetwork(config);
  return {
    modules: load.map(({ path }) => `/lib/modules/${version}/${path}`),
    ...(config.overlay && { overlay: config.overlay }),
    mounts: config.mounts,
    ...(network && { network }),
    ...(config.dns && { resolvConf: resolvConf(config.dns) }),
  };
}

async function ownConf(planning: Planning): Promise<InitConf> {
  const { config, process, image, tree, readFile, hostname, warnings } = planning;
  if (config.modules && config.modules.directory === undefined)
    throw new GuestError(
      "GUEST_MODULE",
      "modules are asked for without a directory, and the init of this package does not look for them in the image",
      "name lib/modules/VERSION of the guest's kernel",
    );
  const planned = await planProcess(process, image, config.process, tree, readFile);
  warnings.push(...planned.warnings);
  for (const { name, command } of config.services)
    checkProgram(`service ${name}: its program`, command[0] ?? "", process, tree);
  return {
    run: planned.program,
    hostname,
    machineId: true,
    ...commonConf(planning),
    tmpfs: planVolumes(planning),
    ...(config.agent && { agent: config.agent }),
    services: config.services.map(({ name, command, env = {}, restart }) => ({
      name,
      argv: command,
      restart,
      env: Object.entries(env).map(([variable, value]) => `${variable}=${value}`),
    })),
    onExit: config.onExit,
  };
}

/** The conf of a guest whose own init runs it: our binary hands over to it, or is a service's program. */
function foreignConf(foreign: ForeignInit, planning: Planning): InitConf {
  const { config, as, hostname, warnings, process, tree } = planning;
  checkOverrides(foreign, config);
  if (as === "initrd" && config.services.length > 0)
    throw new GuestError(
      "GUEST_INIT_SYSTEM",
      `services cannot be started by an initrd where the image's own ${foreign.system} is the init`,
      "put the guest into the image (--init-as layer), or say init: bootlayer",
    );
  for (const { name, command } of config.services)
    checkProgram(`service ${name}: its program`, command[0] ?? "", process, tree);
  if (config.onExit !== "power-off")
    warnings.push(`onExit has no meaning where ${foreign.system} is the init: it never exits`);
  if (process.argv.length > 1)
    warnings.push(
      `${foreign.system} is started without the image's arguments ${JSON.stringify(process.argv.slice(1))}`,
    );
  return {
    run: { kind: "hand-over", path: foreign.path },
    ...commonConf(planning),
    ...(as === "initrd" && { machineId: true }),
    ...(as === "initrd" && config.hostname !== undefined && { hostname }),
    ...(as === "initrd" && config.agent && { agent: config.agent }),
  };
}

function checkOverrides({ system }: ForeignInit, { process }: GuestConfig): void {
  const { entrypoint: _, cmd: __, ...others } = process;
  const asked = Object.entries(others).find(([, value]) => value !== undefined)?.[0];
  if (asked !== undefined)
    throw new GuestError(
      "GUEST_INIT_SYSTEM",
      `process.${asked} has no meaning where ${system} is the init: it runs as root, and runs its own services`,
      "leave it out, or say init: bootlayer",
    );
}

function kernelArguments({ as, foreign, initRunsFirst }: Planning): string[] {
  if (as === "initrd") return [];
  return [`init=${foreign && !initRunsFirst ? foreign.path : guestPaths.init}`];
}
