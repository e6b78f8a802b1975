import { describe, expect, test } from "vitest";
import { chromiumJudge } from "./browser.ts";
import { addRunning, expectText, pageOpener, ready, report } from "./page-fixture.ts";

describe.skipIf(chromiumJudge.skip)(`the page and who may see it${chromiumJudge.reason}`, () => {
  const show = pageOpener();

  test("a token is asked for, goes along with all requests, and stays in the tab", async () => {
    const { api, page } = await show({ hash: "#/builds/b", token: "blt_right", prepare: addRunning });
    await page.getByRole("textbox", { name: "Token" }).fill("blt_wrong");
    await page.getByRole("button", { name: "Use token" }).click();
    await expectText(page, "The token was refused");
    await page.getByRole("textbox", { name: "Token" }).fill("blt_right");
    await page.keyboard.press("Enter");
    await expectText(page, "pulled 50 %");
    expect(await page.evaluate(() => [localStorage.length, document.cookie])).toEqual([0, ""]);
    api.emit("b", ready, { state: "ready", report });
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: /^Download/ }).click(),
    ]);
    expect(await download.failure()).toBeNull();
    await page.reload();
    await expectText(page, "97,517,568 bytes");
    await page.getByRole("button", { name: "Forget token" }).click();
    await page.getByRole("heading", { name: "This server wants a token" }).waitFor();
    expect(page.url()).not.toContain("blt_");
  });

  test("what is not of the page does not run in it", async () => {
    const { page, watched } = await show();
    await expectText(page, "Nothing has been built yet.");
    await page.evaluate(() => {
      const script = document.createElement("script");
      document.body.append(script);
      document.body.setAttribute("style", "display: none");
      try {
        script.textContent = "globalThis.ran = true";
      } catch {
        // Trusted Types refuse the text before the policy refuses the script.
      }
    });
    expect(
      await page.evaluate(() => [Reflect.has(globalThis, "ran"), getComputedStyle(document.body).display]),
    ).toEqual([false, "block"]);
    expect(watched.complaints.length).toBeGreaterThan(0);
  });
});
