import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { image, layerBlob, startRegistry, tarArchive } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { testSettings } from "../integration/test-settings.ts";
import { startServer } from "../src/server.ts";
import { chromiumJudge, launchChromium, openPage } from "./browser.ts";
import { expectText } from "./page-fixture.ts";
import { withEmptyDatabase } from "../integration/template-database.ts";

describe.skipIf(chromiumJudge.skip)(`the page of a whole server${chromiumJudge.reason}`, () => {
  test("an image of a registry is built, looked into and downloaded", async () => {
    await using open = new AsyncDisposableStack();
    const layers = [
      layerBlob(
        tarArchive([
          { name: "etc", type: "directory" },
          { name: "etc/hostname", content: "guest\n" },
        ]),
        "gzip",
      ),
    ];
    const registry = await startRegistry({ images: { "app:1": image(layers) } });
    open.defer(() => registry.close());
    const store = await mkdtemp(join(tmpdir(), "bootlayer-page-"));
    open.defer(() => rm(store, { recursive: true, force: true }));
    const server = await startServer(testSettings(await withEmptyDatabase(store)));
    open.defer(() => server.close());
    const browser = await launchChromium();
    open.defer(() => browser.close());
    const { page, complaints, strangers } = await openPage(browser, server.url);

    await page.getByLabel("Image", { exact: true }).first().fill(`${registry.host}/app:1`);
    await page.getByLabel("Platform").selectOption("linux/amd64");
    await page.getByRole("button", { name: "Build", exact: true }).click();
    const link = page.getByRole("link", { name: "Download app-1-amd64.ext4" });
    await link.waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: "Show what is in it" }).click();
    await page.getByRole("button", { name: "etc/" }).click();
    await expectText(page, "hostname");
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    const disk = await readFile(await download.path());
    await expectText(page, createHash("sha256").update(disk).digest("hex"));
    expect({ complaints, strangers }).toEqual({ complaints: [], strangers: [] });
  });
});
