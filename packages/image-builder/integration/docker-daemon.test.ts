import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  dockerArchive,
  image,
  layerBlob,
  startDockerDaemon,
  tarArchive,
  type DockerDaemonOptions,
} from "@bootlayer/test-fixtures";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { inspectImage, listFiles } from "../src/index.ts";

const content = image([
  layerBlob(tarArchive([{ name: "data", content: Buffer.alloc(100_000, "x") }]), "none"),
]);
const id = content.configDescriptor.digest;
const [layer] = content.layers;

let directory = "";
let archive: Buffer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-daemon-"));
  archive = await dockerArchive([{ image: content, tags: ["name:1"] }], { form: "oci" });
});
afterAll(() => rm(directory, { recursive: true, force: true }));
afterEach(() => void vi.unstubAllEnvs());

const environment = () => ({ store: join(directory, "store") });

/** Has an engine answer for the time of `use`, at a socket unless it is to listen on a port. */
async function withDaemon(
  options: DockerDaemonOptions,
  use: (requests: readonly string[]) => Promise<void>,
): Promise<void> {
  const daemon = await startDockerDaemon(options);
  vi.stubEnv("DOCKER_HOST", daemon.dockerHost);
  vi.stubEnv("DOCKER_TLS_VERIFY", "");
  try {
    await use(daemon.requests);
  } finally {
    await daemon.close();
  }
}

const socket = (): string => join(directory, "docker.sock");

test.each([socket, () => undefined])(
  "an engine's image comes over its socket, or over TCP",
  async (where) => {
    const at = where();
    const images = { "docker.io/library/name:1": archive, [id]: archive };
    await withDaemon({ ...(at === undefined ? {} : { socket: at }), images }, async (requests) => {
      const files = await listFiles(
        { source: "docker-daemon:name:1", platform: "linux/amd64" },
        environment(),
      );
      expect(files).toMatchObject([{ name: "data", node: { size: 100_000 } }]);
      const inspected = await inspectImage({ source: `docker-daemon:${id}` }, environment());
      expect(inspected.manifest.layers).toEqual([layer?.descriptor]);
      expect(requests).toEqual([
        `/images/docker.io/library/name%3A1/get?platform=${encodeURIComponent('{"os":"linux","architecture":"amd64"}')}`,
        `/images/sha256%3A${id.slice(7)}/get`,
      ]);
    });
    expect(await readdir(join(directory, "store", ".bootlayer", "ingest"))).toEqual([]);
  },
);

test.each<[string, string, DockerDaemonOptions["answer"]]>([
  ["DAEMON_NOT_FOUND", "No such image: docker.io/library/name:1", undefined],
  [
    "DAEMON_REFUSED",
    "500 disk is on fire\\x1b",
    (_, response) => {
      response.writeHead(500, { "content-type": "application/json" });
      return response.end(JSON.stringify({ message: "disk is on fire\u001b" })) !== undefined;
    },
  ],
  [
    "DAEMON_REFUSED",
    "302 (without a reason)",
    (_, response) => {
      response.writeHead(302, { location: "http://169.254.169.254/" });
      return response.end("x".repeat(1_000_000)) !== undefined;
    },
  ],
  [
    "DAEMON_INTERRUPTED",
    "broke off",
    (_, response) => {
      response.writeHead(200);
      response.write(archive.subarray(0, 20_000), () => response.destroy());
      return true;
    },
  ],
  [
    "TAR_TRUNCATED",
    "docker-daemon:docker.io/library/name:1",
    (_, response) => {
      response.writeHead(200);
      return response.end(archive.subarray(0, 50_000)) !== undefined;
    },
  ],
  [
    "DAEMON_UNREACHABLE",
    "docker.sock",
    (request) => {
      request.destroy();
      return true;
    },
  ],
  [
    "DAEMON_UNREACHABLE",
    "docker.sock",
    (request) => {
      request.socket.end("this is no HTTP\r\n\r\n");
      return true;
    },
  ],
  [
    "SOURCE_ARCHIVE",
    "no manifest.json",
    (_, response) => {
      response.writeHead(200);
      return response.end(Buffer.alloc(1024)) !== undefined;
    },
  ],
])("%s: %s", async (code, message, answer) => {
  await withDaemon({ socket: socket(), ...(answer && { answer }) }, async () => {
    await expect(listFiles({ source: "docker-daemon:name:1" }, environment())).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message.replaceAll("\\", "\\\\").replaceAll(/[()]/g, "\\$&")),
    });
  });
  expect(await readdir(join(directory, "store", ".bootlayer", "ingest"))).toEqual([]);
});

test("no engine at all is DAEMON_UNREACHABLE, an address that is none OPTIONS_INVALID", async () => {
  vi.stubEnv("DOCKER_HOST", `unix://${directory}/nothing.sock`);
  await expect(inspectImage({ source: "docker-daemon:a" }, environment())).rejects.toMatchObject({
    code: "DAEMON_UNREACHABLE",
  });
  vi.stubEnv("DOCKER_HOST", "ssh://user@host");
  await expect(inspectImage({ source: "docker-daemon:a" }, environment())).rejects.toMatchObject({
    code: "OPTIONS_INVALID",
  });
});

test("a signal ends the wait for an engine that says nothing", async () => {
  await withDaemon({ socket: socket(), answer: () => true }, async () => {
    const controller = new AbortController();
    const inspecting = inspectImage(
      { source: "docker-daemon:a" },
      { ...environment(), signal: controller.signal },
    );
    setTimeout(() => controller.abort(), 50);
    await expect(inspecting).rejects.toMatchObject({ code: "CANCELLED" });
  });
});
