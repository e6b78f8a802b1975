import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { requireJudge } from "@bootlayer/test-fixtures";
import { fc } from "@fast-check/vitest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { frame, uint32s } from "./agent-fixtures.ts";
import { startAgent } from "./agent-process.ts";

const run = promisify(execFile);
const judge = requireJudge("root", "gcc", "ldd", "unshare", "chroot", "busybox");

let root: string;

beforeAll(async () => {
  if (judge.skip) return;
  root = await mkdtemp(join(tmpdir(), "bootlayer-fuzz-"));
  await buildSanitised(join(root, "agent"));
  await mkdir(join(root, "bin"));
  await mkdir(join(root, "proc"));
  await mkdir(join(root, "tmp"));
  await copyFile("/bin/busybox", join(root, "bin", "busybox"));
  for (const name of ["cat", "true", "yes"]) await symlink("busybox", join(root, "bin", name));
});

afterAll(async () => {
  if (!judge.skip) await rm(root, { recursive: true });
});

/** The init with what finds reads and writes outside of memory, and leaks; and the libraries that it needs. */
async function buildSanitised(program: string): Promise<void> {
  const init = join(import.meta.dirname, "..", "init");
  const sources = (await readdir(init)).filter((name) => name.endsWith(".c")).map((name) => join(init, name));
  const checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-static-libasan"];
  const language = ["-std=gnu11", "-D_GNU_SOURCE", '-DBOOTLAYER_VERSION="fuzzed"', "-O0", "-g"];
  await run("gcc", [...language, ...checks, "-o", program, ...sources]);
  const { stdout } = await run("ldd", [program]);
  for (const [library] of stdout.matchAll(/\/\S+/g)) {
    await mkdir(join(dirname(program), dirname(library)), { recursive: true });
    await copyFile(library, join(dirname(program), library));
  }
}

/** With processes and files of its own alone: whatever a frame asks, this machine is not touched. */
function confined(): readonly string[] {
  const script = 'mount -t proc proc "$1/proc"; chroot "$1" /agent agent --stdio; exit $?';
  return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh", root];
}

const stream = fc.nat(4);
const anyFrame = fc.oneof(
  stream.map((number) => frame(1, number)),
  fc
    .tuple(
      stream,
      fc.constantFrom(
        "argv cat\nstdin\n",
        "argv true\n",
        "argv yes\n",
        "argv cat\nterminal 2 2\n",
        "argv nothing\n",
      ),
    )
    .map(([number, records]) => frame(3, number, records)),
  fc
    .tuple(stream, fc.uint8Array({ maxLength: 300 }))
    .map(([number, bytes]) => frame(5, number, Buffer.of(0, ...bytes))),
  stream.map((number) => frame(5, number, Buffer.alloc(60_000))),
  fc
    .tuple(stream, fc.nat(3), fc.nat(0xffff_ffff))
    .map(([number, channel, bytes]) => frame(6, number, Buffer.of(channel, ...uint32s(bytes)))),
  fc.tuple(stream, fc.nat(66)).map(([number, signal]) => frame(8, number, uint32s(signal))),
  stream.map((number) => frame(9, number, Buffer.of(1, 0, 1, 0))),
  stream.map((number) => frame(10, number)),
  fc
    .tuple(
      stream,
      fc.constantFrom("path /tmp/f\nsize 5\n", "path /tmp/d/f\nsize 0\nparents\nmode 4755\nuser 1 2\n"),
    )
    .map(([number, records]) => frame(11, number, records)),
  fc
    .tuple(stream, fc.constantFrom("path /proc/self/maps\n", "path /agent\n", "path /tmp/f\n"))
    .map(([number, records]) => frame(12, number, records)),
  fc.tuple(stream, fc.nat(2)).map(([number, kind]) => frame(15, number, Buffer.of(kind))),
  stream.map((number) => frame(17, number)),
  fc.constant(Buffer.from("BLAGENT1another opening!")),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);
/** Bytes that are not as they were sent. */
const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 });

describe.skipIf(judge.skip)(`the agent's C code${judge.reason}`, () => {
  test("lives through frames of all kinds, whole and damaged, and ends with its host", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyFrame, { minLength: 1, maxLength: 40 }),
        damage,
        async (frames, changes) => {
          const opening = Buffer.from("BLAGENT10123456789abcdef");
          const bytes = Buffer.concat(frames);
          for (const [place, value] of changes) if (bytes.length > 0) bytes[place % bytes.length] = value;
          await using agent = startAgent(confined());
          const answer: Uint8Array[] = [];
          agent.connection.on("data", (chunk) => answer.push(chunk));
          // It may leave input unread.
          const closed = new Promise((resolve) => agent.connection.once("close", resolve));
          agent.connection.end(Buffer.concat([opening, bytes]));
          const code = await agent.ended;
          await closed;
          expect({ code, messages: agent.messages() }).toEqual({ code: 0, messages: "" });
          // An opening that came later may have dropped the answer to the first.
          expect(Buffer.concat(answer).toString("latin1", 0, 8)).toBe("BLAGENT1");
        },
      ),
      { numRuns: 60 },
    );
  }, 120_000);
});
