import { describe, expect, test } from "vitest";
import { chromiumJudge } from "./browser.ts";
import type { FakeApi } from "./fake-api.ts";
import { addReady, expectText, pageOpener, report } from "./page-fixture.ts";

/** Thirty builds, every other one ready. */
function addMany(api: FakeApi): void {
  for (let index = 0; index < 30; index++)
    api.add({ id: `b${index}`, state: index % 2 === 0 ? "ready" : "queued", report });
}

describe.skipIf(chromiumJudge.skip)(`the page of what was built${chromiumJudge.reason}`, () => {
  const show = pageOpener();

  test("what is in the image is opened level by level, with the keyboard", async () => {
    const { page, watched } = await show({ hash: "#/builds/b", prepare: addReady });
    await page.getByRole("button", { name: "Show what is in it" }).focus();
    await page.keyboard.press("Enter");
    const root = page.getByRole("list", { name: "Files in /", exact: true });
    await root.waitFor();
    expect(await root.ariaSnapshot()).toMatchInlineSnapshot(`
      "- list "Files in /":
        - listitem: bin → usr/bin
        - listitem:
          - button "etc/"
          - text: 2.0 KiB
        - listitem: init 100 B"
    `);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await expectText(page, "hostname");
    expect(await page.getByRole("button", { name: "etc/" }).getAttribute("aria-expanded")).toBe("true");
    expect(await page.getByText("x149").count()).toBe(0);
    await page.getByRole("button", { name: "More of /etc" }).press("Enter");
    await expectText(page, "x149");
    await page.getByRole("button", { name: "ssl/" }).press("Enter");
    await expectText(page, "Nothing is in it.");
    expect(watched).toMatchObject({ complaints: [], strangers: [] });
  });

  test("the disk is downloaded and booted by its own name", async () => {
    const { page } = await show({ hash: "#/builds/b", prepare: addReady });
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: /^Download/ }).click(),
    ]);
    const name = download.suggestedFilename();
    await page.getByText("QEMU", { exact: true }).click();
    const command = await page.getByRole("region", { name: "Command for QEMU" }).innerText();
    expect(command).toContain(`file=${name}`);
    expect(command).toContain("init=/usr/lib/bootlayer/init");
  });

  test("a command is copied, or the page says that the browser refuses", async () => {
    const permissions = ["clipboard-read", "clipboard-write"];
    const { page, watched } = await show({ hash: "#/builds/b", prepare: addReady }, { permissions });
    await page.getByText("QEMU", { exact: true }).click();
    const command = await page.getByRole("region", { name: "Command for QEMU" }).innerText();
    await page.getByRole("button", { name: "Copy command for QEMU" }).click();
    await page.getByRole("button", { name: "Copied command for QEMU" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(command);
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error("refused"));
    });
    await page.getByRole("button", { name: "Copied command for QEMU" }).click();
    const refusal = "The browser refused: select the command and copy it.";
    await page.locator("details").getByText(refusal).waitFor();
    await expect.poll(() => page.getByRole("status").allInnerTexts()).toContain(refusal);
    expect(watched.complaints).toEqual([]);
  });

  test("the list is filtered and paged by its address", async () => {
    const { page } = await show({ prepare: addMany });
    const items = page.locator(".builds > li");
    await items.first().waitFor();
    expect(await items.count()).toBe(25);
    await page.getByRole("link", { name: "Older" }).click();
    await page.getByRole("link", { name: "Newest" }).waitFor();
    await expect.poll(() => items.count()).toBe(5);
    await page.getByLabel("State").selectOption("active");
    await expect.poll(() => items.count()).toBe(15);
    expect(await items.allInnerTexts()).not.toContainEqual(expect.stringContaining("ready"));
    await page.reload();
    await expect.poll(() => items.count()).toBe(15);
    await page.getByRole("search").getByLabel("Image").fill("nginx");
    await page.keyboard.press("Enter");
    await expectText(page, "No build is like that.");
  });
});
