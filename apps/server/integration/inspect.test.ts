import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pushImage } from "@bootlayer/image-builder";
import { image, layerBlob, tarArchive, writeLayout } from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type RunningServer } from "../src/server.ts";
import { openContract, type Contract } from "./contract.ts";
import { withEmptyDatabase } from "./template-database.ts";
import { testSettings } from "./test-settings.ts";

const app = image([
  layerBlob(
    tarArchive([
      { name: "bin", type: "directory" },
      { name: "bin/app", mode: 0o4755, uid: 7, gid: 8, mtime: 1_700_000_000, content: "#!/app\n" },
      { name: "bin/sh", type: "symlink", linkTarget: "app" },
      { name: "dev", type: "directory" },
      { name: "dev/null", type: "character-device", device: { major: 1, minor: 3 } },
      { name: "run", type: "fifo" },
    ]),
    "gzip",
  ),
]);

let directory: string;
let server: RunningServer;
let contract: Contract;
/** Of the built image. */
let build: string;
let source: string;
beforeAll(async () => {
  contract = await openContract();
  directory = await mkdtemp(join(tmpdir(), "bootlayer-inspect-"));
  await writeLayout(join(directory, "layout"), { app });
  server = await startServer(testSettings(await withEmptyDatabase(join(directory, "server"))));
  source = `${new URL(server.url).host}/team/app:1`;
  const layout = `oci:${join(directory, "layout")}:app`;
  await pushImage({ source: layout, target: source }, { store: join(directory, "pusher") });
  const body = JSON.stringify({ source, platform: "linux/amd64" });
  const asked = await ask("/v1/builds", {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  build = `/v1/builds/${(JSON.parse(asked.text) as { id: string }).id}`;
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

/** Every answer of this file is held against the document. */
async function ask(path: string, init: RequestInit = {}): Promise<{ response: Response; text: string }> {
  const response = await fetch(new URL(path, server.url), init);
  return { response, text: await contract.read(init.method ?? "GET", path, response) };
}

async function level(query: string): Promise<{ entries: Record<string, unknown>[]; next?: string }> {
  const { response, text } = await ask(`${build}/tree${query}`);
  expect(response.status).toBe(200);
  return JSON.parse(text) as { entries: Record<string, unknown>[]; next?: string };
}

test("a build tells its events to the end, and is then as the document has it", async () => {
  const { text } = await ask(`${build}/events`);
  const kinds = [...text.matchAll(/^event: (.*)$/gm)].map(([, kind]) => kind);
  expect(new Set(kinds)).toEqual(new Set(["queued", "state", "resolved", "progress", "stage", "ready"]));
  expect(kinds.at(-1)).toBe("ready");
  const { response, text: answer } = await ask(build);
  expect(response.status).toBe(200);
  expect(JSON.parse(answer)).toMatchObject({ state: "ready", manifestDigest: app.manifestDescriptor.digest });
});

test("what was pushed to the server is listed as builds take it", async () => {
  const { text } = await ask("/v1/pushed-images");
  const { digest } = app.manifestDescriptor;
  expect(JSON.parse(text)).toEqual({ images: [{ source, digest, platforms: ["linux/amd64"] }] });
  const { text: rest } = await ask(`/v1/pushed-images?after=${source}`);
  expect(JSON.parse(rest)).toEqual({ images: [] });
});

test.each([
  ["manifest", app.manifest, app.manifestDescriptor],
  ["config", app.config, app.configDescriptor],
] as const)(
  "the %s is there byte by byte, by its media type, and is not sent again",
  async (name, bytes, { mediaType, digest }) => {
    const { response, text } = await ask(`${build}/${name}`);
    expect(text).toBe(bytes.toString());
    expect(response.headers.get("content-type")).toBe(mediaType);
    expect(response.headers.get("etag")).toBe(`"${digest}"`);
    const again = await ask(`${build}/${name}`, { headers: { "if-none-match": `"${digest}"` } });
    expect({ status: again.response.status, text: again.text }).toEqual({ status: 304, text: "" });
  },
);

test("directories are listed with sizes and what each kind of name has", async () => {
  const { entries } = await level("");
  expect(entries).toMatchObject([
    { name: "bin", type: "directory", size: 7, entries: 2 },
    { name: "dev", type: "directory", size: 0, entries: 1 },
    { name: "run", type: "fifo" },
  ]);
  expect((await level("?path=/bin")).entries).toMatchObject([
    { name: "app", type: "file", size: 7, mode: "4755", uid: 7, gid: 8, mtime: 1_700_000_000 },
    { name: "sh", type: "symlink", target: "app" },
  ]);
  expect((await level("?path=/dev")).entries).toMatchObject([{ name: "null", type: "character-device" }]);
});

test("a long directory comes in pages", async () => {
  const first = await level("?limit=2");
  expect(first.entries.map(({ name }) => name)).toEqual(["bin", "dev"]);
  const second = await level(`?limit=2&after=${first.next}`);
  expect(second.entries.map(({ name }) => name)).toEqual(["run"]);
  expect(second.next).toBeUndefined();
});

test("a path that the image has not is not found", async () => {
  const { response, text } = await ask(`${build}/tree?path=/none`);
  expect(response.status).toBe(404);
  expect(JSON.parse(text)).toMatchObject({ code: "PATH_NOT_FOUND" });
});
