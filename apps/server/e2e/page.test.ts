import type { Build } from "@bootlayer/client";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { chromiumJudge } from "./browser.ts";
import { startFakeApi } from "./fake-api.ts";
import {
  addReady,
  addRunning,
  expectText,
  layerBar,
  pageOpener,
  problem,
  ready,
  report,
  tellProgress,
} from "./page-fixture.ts";

async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

describe.skipIf(chromiumJudge.skip)(`the page${chromiumJudge.reason}`, () => {
  const show = pageOpener();

  test("the keyboard alone starts a build and sees it become ready", async () => {
    const { api, page, watched } = await show();
    await expectText(page, "Nothing has been built yet.");
    // Past the link to the content and the name, to the first field.
    await press(page, "Tab", "Tab", "Tab");
    await page.keyboard.type("docker.io/library/alpine:3.22");
    await press(page, "Tab", "ArrowDown", "Tab", "ArrowDown", "Tab");
    await page.keyboard.type("zstd:3");
    // The login is passed by.
    await press(page, "Tab", "Space", "Tab", "Tab", "Enter");
    await page.getByRole("heading", { level: 1, name: "docker.io/library/alpine:3.22" }).waitFor();
    expect(api.asked).toEqual([
      {
        source: "docker.io/library/alpine:3.22",
        platform: "linux/amd64",
        format: "squashfs",
        compression: "zstd:3",
        guest: {},
      },
    ]);
    // What was gone to has the keyboard.
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
    const [{ id }] = api.builds as [Build];
    api.emit(id, { kind: "queued", data: { position: 3 } });
    await expectText(page, "Waiting for its turn: 2 before it.");
    api.emit(id, ready, { state: "ready", report });
    await expectText(page, "97,517,568 bytes");
    expect(await page.getByRole("status").allInnerTexts()).toContain("The build is ready.");
    expect(watched).toMatchObject({ complaints: [], strangers: [] });
  });

  test("bars move as layers come, and nothing else moves with them", async () => {
    const { api, page } = await show({ hash: "#/builds/b", prepare: addRunning });
    await expectText(page, "pulled 50 %");
    await page.waitForTimeout(500);
    await page.evaluate(() => {
      const shifts: number[] = [];
      Object.assign(globalThis, { shifts });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shifts.push(Number(Reflect.get(entry, "value")));
      }).observe({ type: "layout-shift" });
    });
    const widthOf = async (part: string): Promise<number> =>
      (await layerBar(page, 1).locator(`.${part}`).boundingBox())?.width ?? -1;
    const [whole, half] = [(await layerBar(page, 1).boundingBox())?.width ?? 0, await widthOf("pulled")];
    expect(half / whole).toBeCloseTo(0.5, 1);
    expect(await layerBar(page, 1).getAttribute("aria-valuenow")).toBe("25");
    expect(await layerBar(page, 2).getAttribute("aria-valuetext")).toBe("in store");

    tellProgress(
      api,
      { pulledBytes: 1_000_000, flattenedBytes: 250_000 },
      { cached: true, flattenedBytes: 1_000_000 },
    );
    api.emit("b", { kind: "stage", data: { stage: "pull", seconds: 1.5, bytes: 1_000_000 } });
    await expectText(page, "flattened 25 %");
    await expectText(page, "1.50 s");
    await page.waitForTimeout(500);
    expect((await widthOf("flattened")) / whole).toBeCloseTo(0.25, 1);
    expect(await layerBar(page, 1).getAttribute("aria-valuenow")).toBe("62");
    expect(await layerBar(page, 2).getAttribute("aria-valuetext")).toBe("done");
    expect(await page.evaluate(() => Reflect.get(globalThis, "shifts") as unknown)).toEqual([]);
    // A screen reader is told of the end, not of each step.
    expect(await page.getByRole("status").allInnerTexts()).toEqual(["", ""]);
  });

  test("a reload in the middle shows the same again, and goes on", async () => {
    const { api, page, watched } = await show({ hash: "#/builds/b", prepare: addRunning });
    await expectText(page, "pulled 50 %");
    await page.reload();
    await expectText(page, "pulled 50 %");
    tellProgress(api, { pulledBytes: 750_000 }, { cached: true });
    await expectText(page, "pulled 75 %");
    expect(api.resumed).toEqual(["", ""]);
    expect(watched.complaints).toEqual([]);
  });

  test("a connection that is cut is taken up behind the last event", async () => {
    const { api, page } = await show({ hash: "#/builds/b", prepare: addRunning });
    await expectText(page, "pulled 50 %");
    api.cut();
    await expectText(page, "The connection to the server is lost.");
    tellProgress(api, { pulledBytes: 900_000 }, { cached: true });
    await expectText(page, "pulled 90 %");
    await page.getByText("The connection to the server is lost.").waitFor({ state: "detached" });
    expect(api.resumed).toEqual(["", "3"]);
  });

  test("a build under way is cancelled, and can be asked for again", async () => {
    const { api, page, watched } = await show({ hash: "#/builds/b", prepare: addRunning });
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Build again" }).click();
    await page.getByText("queued", { exact: true }).waitFor();
    expect(api.builds.map(({ state }) => state)).toEqual(["queued", "cancelled"]);
    expect(watched.complaints).toEqual([]);
  });

  test("a build that failed says why and what can be done", async () => {
    const { api, page } = await show({ hash: "#/builds/b", prepare: addRunning });
    await expectText(page, "pulled 50 %");
    api.emit("b", { kind: "failed", data: { problem } }, { state: "failed", problem });
    const alert = page.getByRole("alert");
    await alert.waitFor();
    const text = await alert.innerText();
    for (const part of [problem.detail, problem.hint, problem.code]) expect(text).toContain(part);
  });

  test("what the server refuses is said below the form, which keeps what was entered", async () => {
    const { api, page } = await show();
    api.refusal = { status: 400, ...problem, code: "OPTIONS_INVALID", detail: 'size "x" is none' };
    await page.getByLabel("Image", { exact: true }).first().fill("alpine");
    await page.getByLabel("Size").fill("x");
    await page.getByLabel("Size").press("Enter");
    await expectText(page, 'size "x" is none');
    expect(await page.getByLabel("Size").inputValue()).toBe("x");
    api.refusal = undefined;
    await page.getByRole("button", { name: "Build", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "alpine" }).waitFor();
  });

  test("a build is deleted only when that was said twice", async () => {
    const { api, page } = await show({ hash: "#/builds/b", prepare: addReady });
    await page.getByRole("button", { name: "Delete" }).press("Enter");
    await page.getByRole("dialog", { name: "Delete this build?" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    expect(api.builds).toHaveLength(1);
    await page.getByRole("button", { name: "Delete" }).press("Enter");
    await page.getByRole("button", { name: "Delete build" }).press("Enter");
    await expectText(page, "Nothing has been built yet.");
    expect(api.builds).toEqual([]);
  });

  test("a server that does not answer is said not to, until it does", async () => {
    const { api, page } = await show();
    await expectText(page, "Nothing has been built yet.");
    await api.close();
    await page.getByRole("button", { name: "Build", exact: true }).waitFor();
    await page.getByLabel("Image", { exact: true }).first().fill("alpine");
    await page.getByRole("button", { name: "Build", exact: true }).click();
    await expectText(page, "does not answer");
    await using _again = await startFakeApi({ port: Number(new URL(api.url).port) });
    await page.getByRole("button", { name: "Build", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "alpine" }).waitFor();
  });
});
