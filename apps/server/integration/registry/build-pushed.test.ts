import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskArtifactType, pushImage } from "@bootlayer/image-builder";
import { digestOf } from "@bootlayer/image-spec";
import { image, layerBlob, tarArchive, writeLayout } from "@bootlayer/test-fixtures";
import { expect, onTestFinished, test, vi } from "vitest";
import { startServer } from "../../src/server.ts";
import { withEmptyDatabase } from "../template-database.ts";
import { testSettings } from "../test-settings.ts";

interface Listed {
  readonly id: string;
  readonly state: string;
  readonly problem?: unknown;
}

const app = image([layerBlob(tarArchive([{ name: "app", content: "app" }]))]);

/** A server that may connect to no private address, and so not to itself: an own image that was asked for would fail. */
async function start(buildOnPush: boolean) {
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-pushed-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await writeLayout(join(directory, "layout"), { app });
  const server = await startServer(
    testSettings(await withEmptyDatabase(join(directory, "store")), {
      access: { tokens: false, privateSources: false },
      buildOnPush,
    }),
  );
  onTestFinished(() => server.close());
  const { host } = new URL(server.url);
  await pushImage(
    { source: `oci:${join(directory, "layout")}:app`, target: `${host}/team/app:1`, platform: "linux/amd64" },
    { store: join(directory, "pusher") },
  );
  return { url: new URL(server.url).origin, host };
}

/** That a registry gives all that a manifest names. */
async function expectWhole(url: string, repository: string, reference: string): Promise<void> {
  const answer = await fetch(`${url}/v2/${repository}/manifests/${reference}`);
  expect(answer.status).toBe(200);
  const { config, layers } = (await answer.json()) as { config: Blob; layers: Blob[] };
  for (const { digest, size } of [config, ...layers]) {
    const blob = await (await fetch(`${url}/v2/${repository}/blobs/${digest}`)).arrayBuffer();
    expect([digestOf(Buffer.from(blob)), blob.byteLength]).toEqual([digest, size]);
  }
}

interface Blob {
  readonly digest: string;
  readonly size: number;
}

async function expectReady(url: string, id: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const build = (await (await fetch(`${url}/v1/builds/${id}`)).json()) as Listed;
      expect(build).toMatchObject({ state: "ready" });
    },
    { timeout: 60_000, interval: 200 },
  );
}

test("an image that was pushed is built by the address that it was pushed to, without a request", async () => {
  const { url, host } = await start(false);
  for (const name of [host, host.replace("127.0.0.1", "localhost")]) {
    const asked = await fetch(`${url}/v1/builds`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ source: `${name}/team/app:1`, platform: "linux/amd64" }),
    });
    expect([200, 202]).toContain(asked.status);
    const { id } = (await asked.json()) as Listed;
    await expectReady(url, id);
    // Its disk goes beside it as it came, and under a name.
    for (const body of [{}, { reference: `${name}/disks/app:1` }]) {
      const pushed = await fetch(`${url}/v1/builds/${id}/push`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      expect(pushed.status).toBe(201);
      const { digest, subject } = (await pushed.json()) as { digest: string; subject: { digest: string } };
      expect(subject.digest).toBe(app.manifestDescriptor.digest);
      const repository = "reference" in body ? "disks/app" : "team/app";
      const listed = await fetch(`${url}/v2/${repository}/referrers/${subject.digest}`);
      expect(await listed.json()).toMatchObject({ manifests: [{ digest, artifactType: diskArtifactType }] });
      await expectWhole(url, repository, "reference" in body ? "1" : digest);
    }
  }
}, 120_000);

test("where the settings say so, it is built as soon as it is there", async () => {
  const { url } = await start(true);
  const listed = (await (await fetch(`${url}/v1/builds`)).json()) as { builds: readonly Listed[] };
  expect(listed.builds).toHaveLength(1);
  await expectReady(url, listed.builds[0]?.id ?? "");
}, 120_000);
