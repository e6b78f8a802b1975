import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  codeBlocks,
  e2fsck,
  image,
  layerBlob,
  requireJudge,
  runExample,
  startRegistry,
  tarArchive,
  writeExample,
  type Registry,
} from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type RunningServer } from "../src/server.ts";
import { withEmptyDatabase } from "./template-database.ts";
import { testSettings } from "./test-settings.ts";

const run = promisify(execFile);
const { skip } = requireJudge("curl", "e2fsck");
const root = join(import.meta.dirname, "../../..");

let directory: string;
let registry: Registry;
let server: RunningServer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-examples-"));
  const layer = layerBlob(
    tarArchive([
      { name: "etc/", type: "directory" },
      { name: "etc/hostname", content: "guest\n" },
      { name: "bin", type: "symlink", linkTarget: "usr/bin" },
    ]),
    "gzip",
  );
  const alpine = image([layer]);
  registry = await startRegistry({ images: { "library/alpine:3.22": alpine } });
  server = await startServer(testSettings(await withEmptyDatabase(join(directory, "store"))));
});
afterAll(async () => {
  await server.close();
  await registry.close();
  await rm(directory, { recursive: true, force: true });
});

/** What of an example is of the test's own: the server's address, and a registry that is not on the Internet. */
function localised(text: string): string {
  return text
    .replaceAll("http://127.0.0.1:7480", server.url.replace(/\/$/, ""))
    .replaceAll("registry.example", new URL(server.url).host)
    .replaceAll("docker.io/library", `${registry.host}/library`)
    .replaceAll("/tmp/disk.ext4", join(directory, "client.ext4"));
}

async function blocksOf(path: string, language: string): Promise<string[]> {
  return (await codeBlocks(join(root, path), language)).map(localised);
}

test.skipIf(skip)(
  "the examples of docs/server.md run, one after the other, and their disk is a file system",
  async () => {
    const blocks = await blocksOf("docs/server.md", "sh");
    expect(blocks).toHaveLength(11);
    const marked = blocks.map((block, index) => `printf "\\n--- ${index}\\n"\n${block}`).join("\n");
    const { stdout } = await run("bash", ["-euc", marked], { cwd: directory });
    const outputs = stdout.split(/\n--- \d+\n/).slice(1);
    expect(outputs[1]).toMatch(/event: resolved\n.*\n\n(.*\n)*event: ready\n/);
    const build = JSON.parse(outputs[2] ?? "") as {
      state: string;
      report: { sha256: string; digest: string; layers: object[] };
    };
    expect(build).toMatchObject({
      state: "ready",
      report: { cached: false, platform: expect.stringMatching(/^linux\//) as string },
    });
    expect(build.report.layers).toHaveLength(1);
    const disk = await readFile(join(directory, "disk.ext4"));
    expect(createHash("sha256").update(disk).digest("hex")).toBe(build.report.sha256);
    expect(disk.subarray(1024, 2048).equals(await readFile(join(directory, "superblock")))).toBe(true);
    await e2fsck(join(directory, "disk.ext4"));
    const [manifest = "", config = "", tree = ""] = (outputs[4] ?? "").split(/(?<=\})(?=\{)/);
    expect(`sha256:${createHash("sha256").update(manifest).digest("hex")}`).toBe(build.report.digest);
    expect(JSON.parse(config)).toMatchObject({ os: "linux" });
    expect(JSON.parse(tree)).toMatchObject({
      entries: [{ name: "hostname", type: "file", size: 6, mode: "0644" }],
    });
    expect((JSON.parse(outputs[5] ?? "") as { builds: object[] }).builds).toHaveLength(1);
    expect(JSON.parse(outputs[6] ?? "")).toMatchObject({ status: 409, code: "BUILD_STATE" });
    expect(JSON.parse(outputs[7] ?? "")).toMatchObject({
      reference: `${new URL(server.url).host}/disks/alpine:3.22`,
      digest: expect.stringMatching(/^sha256:/) as string,
      subject: { digest: build.report.digest },
    });
    expect(JSON.parse(outputs[9] ?? "")).toMatchObject({ state: "queued" });
    expect(outputs[10]).toMatch(/"dryRun":true.*\{"status":"ok"\}\{"status":"ok"\}/s);
    expect(await readFile(join(directory, "figures"), "utf8")).toMatch(
      /^bootlayer_builds_ended_total\{state="ready",code=""\} [1-9]/m,
    );
  },
);

test.skipIf(skip)("the example of the client's README runs, and says what it says", async () => {
  const program = (await blocksOf("packages/client/README.md", "ts")).join("\n");
  await using example = await writeExample(join(root, "apps/server"), "example.ts", program);
  const stdout = await runExample(example);
  expect(stdout).toMatch(/^resolving\n/);
  expect(stdout).toMatch(/\d+ bytes\n64\nCLIENT_REFUSED 409 BUILD_STATE$/);
  await e2fsck(join(directory, "client.ext4"));
});
