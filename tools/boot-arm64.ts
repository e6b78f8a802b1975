/**
 * An arm64 machine, once: a scratch image with one static program gets our init, becomes a disk, and boots under QEMU with Debian's
 * kernel. Prints the console, the time to the program and the exit code. Needs qemu-system-arm, and for apt-get to find packages
 * of arm64 `dpkg --add-architecture arm64 && apt-get update`.
 *
 *     node --conditions=@bootlayer/source tools/boot-arm64.ts
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootWithQemu, buildDisk, guestPaths, qemuDiskBus, readKernel } from "@bootlayer/image-builder";
import {
  cloudKernel,
  debianPackage,
  e2fsck,
  image,
  layerBlob,
  tarArchive,
  unpackedPackage,
  writeLayout,
} from "@bootlayer/test-fixtures";

const wantedExit = 3;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const directory = await mkdtemp(join(tmpdir(), "boot-arm64-"));
try {
  const busybox = await unpackedPackage(await debianPackage(["busybox-static:arm64"], /^busybox-static/));
  const program = await readFile(join(busybox, "bin", "busybox"));
  const scratch = image([layerBlob(tarArchive([{ name: "busybox", content: program, mode: 0o755 }]))], {
    architecture: "arm64",
    config: {
      Entrypoint: ["/busybox", "sh", "-c"],
      Cmd: [`echo "$(/busybox uname -m) as $(/busybox id -u)"; exit ${wantedExit}`],
      User: "1000",
    },
  });
  const layout = join(directory, "layout");
  await writeLayout(layout, { latest: scratch });

  const disk = join(directory, "disk.ext4");
  await buildDisk(
    {
      source: `oci:${layout}:latest`,
      output: disk,
      platform: "linux/arm64",
      disk: { size: "+16M" },
      guest: { as: "layer", config: { hostname: "arm" } },
      cache: false,
    },
    { store: join(directory, "store") },
  );

  const { kernel, version } = await cloudKernel("arm64");
  const facts = await readKernel(kernel);
  say(`Debian's ${version} under qemu-system-aarch64:`);
  const outcome = await bootWithQemu({
    machine: {
      architecture: "arm64",
      kernel,
      kernelArguments: ["quiet", `init=${guestPaths.init}`],
      disks: [{ path: disk, readOnly: false, bus: qemuDiskBus(facts) }],
      memoryMiB: 512,
      cpus: 1,
    },
    kernel: facts,
    keepWrites: true,
    timeoutSeconds: 180,
    onEvent: (event) => {
      if (event.kind === "boot-console") process.stdout.write(event.bytes);
    },
  });
  await e2fsck(disk);
  say(
    `exit code ${outcome.exitCode}, ${outcome.startSeconds} s from the kernel's start to the program's; e2fsck finds the disk clean`,
  );
  if (outcome.exitCode !== wantedExit || outcome.failure !== undefined) process.exitCode = 1;
} finally {
  await rm(directory, { recursive: true });
}
