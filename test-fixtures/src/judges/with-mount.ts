import { spawn, type ChildProcessByStdio } from "node:child_process";
import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { judgePath } from "../require-judge.ts";

export interface MountOptions {
  /** As `mount -t` takes it. */
  readonly type: string;
  /** Further options for `-o`, separated by commas. */
  readonly options?: string;
}

/**
 * Mounts, says so, and unmounts when its input ends: which the kernel sees to even if this process is killed. A reader that
 * outlives it keeps the mount busy for a while.
 */
const HOLD_MOUNT = String.raw`
mount -t "$1" -o "$2" "$3" "$4" || exit
echo mounted
cat > /dev/null
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  umount "$4" && exec rmdir "$4"
  sleep 1
done
exit 1
`;

/**
 * Has the kernel mount an image read-only for the time of `use`; needs root.
 *
 * @throws {Error} with what `mount` printed, if it refuses the image.
 */
export async function withMount<T>(
  image: string,
  { type, options }: MountOptions,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-mount-"));
  const all = ["ro", "loop", ...(options === undefined ? [] : [options])].join(",");
  // Detached: a signal to this process's group must not take the holder before it has unmounted.
  const holder = spawn("sh", ["-c", HOLD_MOUNT, "hold-mount", type, all, image, directory], {
    env: { PATH: judgePath(), LC_ALL: "C" },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  const ended = endOf(holder, `mount of ${image}`);
  // Awaited below; until then a failure must not count as unhandled.
  ended.catch(() => {});
  try {
    await Promise.race([ended, firstOutput(holder)]);
    return await use(directory);
  } finally {
    holder.stdin.end();
    await ended.finally(async () => {
      // Left where mount failed; where it succeeded the holder has removed it.
      await rmdir(directory).catch(() => {});
    });
  }
}

type Holder = ChildProcessByStdio<Writable, Readable, Readable>;

async function firstOutput(holder: Holder): Promise<void> {
  await new Promise<void>((resolve) => {
    holder.stdout.once("data", () => {
      resolve();
    });
  });
}

async function endOf(holder: Holder, what: string): Promise<void> {
  const complaint = text(holder.stderr);
  const code = await new Promise<number | null>((resolve, reject) => {
    holder.once("error", reject);
    holder.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${what}: ${await complaint}`);
}
