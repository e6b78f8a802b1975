import { readFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../integration/test-server.ts";
import { createToken } from "../src/access/tokens.ts";
import { appendEvent } from "../src/catalogue/build-events.ts";
import { listBuilds, type Build } from "../src/catalogue/builds.ts";
import { chromiumJudge, launchChromium, openPage, type WatchedPage } from "./browser.ts";
import { digestOf, expectText, layerBar } from "./page-fixture.ts";

describe.skipIf(chromiumJudge.skip)(`the page on the server itself${chromiumJudge.reason}`, () => {
  let browser: Browser;
  let server: TestServer;
  const leftOpen: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    [browser, server] = await Promise.all([launchChromium(), startTestServer()]);
  });
  afterAll(() => Promise.all([browser.close(), server.close()]));
  afterEach(async () => {
    for (const close of leftOpen.splice(0).toReversed()) await close();
  });

  async function show({ url }: TestServer): Promise<WatchedPage> {
    const watched = await openPage(browser, `${url}/`);
    leftOpen.push(() => watched[Symbol.asyncDispose]());
    return watched;
  }

  async function newestBuild(): Promise<Build> {
    const [build] = (await listBuilds(server.context.database.db, { limit: 1 })).builds;
    expect.assert(build);
    return build;
  }

  test("a build is asked for, watched, downloaded and deleted", async () => {
    const watched = await show(server);
    const { page } = watched;
    await page.getByLabel("Image", { exact: true }).first().fill("registry.test/app:1");
    await page.getByLabel("Platform").selectOption("linux/arm64");
    await page.getByLabel("Make it boot").check();
    await page.getByRole("button", { name: "Build", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "registry.test/app:1" }).waitFor();

    const build = await newestBuild();
    expect(build.request).toEqual({
      source: "registry.test/app:1",
      platform: "linux/arm64",
      format: "ext4",
      guest: {},
    });
    const { db } = server.context.database;
    await server.setState(build, "pulling");
    const layers = [
      { digest: digestOf(2), pulledBytes: 250, flattenedBytes: 0, totalBytes: 1000, cached: false },
    ];
    await appendEvent(db, build.id, "progress", { layers, writtenBytes: 0 });
    await expectText(page, "pulled 25 %");
    expect(await layerBar(page, 1).getAttribute("aria-valuenow")).toBe("12");

    const disk = Buffer.alloc(70_000, "disk");
    const sha256 = await server.finish(build, disk);
    await expectText(page, sha256);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download app-1-arm64.ext4" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("app-1-arm64.ext4");
    expect(await readFile(await download.path())).toEqual(disk);

    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete build" }).click();
    await expectText(page, "Nothing has been built yet.");
    expect(watched).toMatchObject({ complaints: [], strangers: [] });
  });

  test("a build is cancelled and asked for again, and a failed one says why", async () => {
    const watched = await show(server);
    const { page } = watched;
    const first = await server.addBuild();
    await page.goto(`${server.url}/#/builds/${first.id}`);
    await expectText(page, "Waiting for its turn");
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Build again" }).click();
    await page.waitForURL((url) => !url.hash.endsWith(first.id));
    const again = await newestBuild();
    expect(page.url()).toContain(again.id);
    const problem = {
      code: "REGISTRY_NOT_FOUND",
      title: "Not Found",
      detail: "registry.test has no app:1",
      hint: "look at its tags",
    };
    await server.end(again, { state: "failed", problem });
    await expectText(page, "registry.test has no app:1");
    await expectText(page, "look at its tags");
    await page.goto(`${server.url}/#/?state=active`);
    await expectText(page, "No build is like that.");
    await page.goto(`${server.url}/#/builds/${"0".repeat(36)}`);
    await page.getByRole("alert").waitFor();
    expect(await page.getByRole("alert").innerText()).toContain("BUILD_NOT_FOUND");
  });

  test("with a token it does what the token's scopes allow", async () => {
    const { database } = server.context;
    const guarded = await startTestServer({ access: { tokens: true, privateSources: true } }, { database });
    leftOpen.push(() => guarded.close());
    const { page } = await show(guarded);
    const { secret } = await createToken(database.db, { name: "reader", scopes: ["read"] });
    const build = await guarded.addBuild({ source: "registry.test/guarded:1" });
    await page.getByRole("textbox", { name: "Token" }).fill(secret);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "registry.test/guarded:1" }).click();
    await expectText(page, "Waiting for its turn");
    await page.getByRole("button", { name: "Cancel" }).click();
    await expectText(page, "TOKEN_REFUSED");
    await guarded.finish(build, Buffer.from("disk"));
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download guarded-1.ext4" }).click(),
    ]);
    expect(await readFile(await download.path(), "utf8")).toBe("disk");
    expect(guarded.log.join("")).not.toContain(secret);
  });
});
