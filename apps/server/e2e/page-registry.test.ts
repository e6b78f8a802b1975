import { describe, expect, test } from "vitest";
import { chromiumJudge } from "./browser.ts";
import { addPushed, digestOf, expectText, pageOpener, problem, report } from "./page-fixture.ts";

describe.skipIf(chromiumJudge.skip)(`the page and registries${chromiumJudge.reason}`, () => {
  const show = pageOpener();

  test("a login that is entered goes with its build alone, and is kept nowhere", async () => {
    const { api, page, watched } = await show();
    const [user, password] = [page.getByLabel("User name"), page.getByLabel("Password or token")];
    expect(await user.isVisible()).toBe(false);
    await page.getByText("Registry login").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.type("me");
    await page.keyboard.press("Tab");
    await page.keyboard.type("gehe1m-ü");
    expect(await password.getAttribute("type")).toBe("password");
    for (const field of [user, password]) expect(await field.getAttribute("autocomplete")).toBe("off");
    await page.getByLabel("Image", { exact: true }).first().fill("registry.test/private:1");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "registry.test/private:1" }).waitFor();
    expect(api.logins).toEqual([{ username: "me", password: "gehe1m-ü" }]);
    expect(api.asked).toEqual([{ source: "registry.test/private:1", format: "ext4" }]);
    expect(await page.evaluate(() => [localStorage.length, sessionStorage.length])).toEqual([0, 0]);
    expect(await page.evaluate(() => document.cookie)).toBe("");
    expect(page.url()).not.toContain("gehe1m");

    await page.getByRole("link", { name: "All builds" }).click();
    await page.getByLabel("Image", { exact: true }).first().fill("registry.test/public:1");
    await page.getByRole("button", { name: "Build", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "registry.test/public:1" }).waitFor();
    expect(api.logins).toEqual([{ username: "me", password: "gehe1m-ü" }, undefined]);
    expect(watched).toMatchObject({ complaints: [], strangers: [] });
  });

  test("an image that was pushed to the server is built with one click, as the form says", async () => {
    const { api, page, watched } = await show({ prepare: addPushed });
    const images = page.getByRole("region", { name: "Pushed here" });
    await images.waitFor();
    await images.getByRole("button", { name: "Further images" }).press("Enter");
    await page.getByLabel("squashfs").check();
    await page.getByText("Registry login").click();
    await page.getByLabel("Password or token").fill("of another registry");
    await images.getByRole("button", { name: "Build web:1" }).press("Enter");
    await page.getByRole("heading", { level: 1, name: "127.0.0.1:7480/web:1" }).waitFor();
    expect(api.asked).toEqual([{ source: "127.0.0.1:7480/web:1", format: "squashfs" }]);
    expect(api.logins).toEqual([undefined]);
    expect(watched).toMatchObject({ complaints: [], strangers: [] });
  });

  test("a server that nothing was pushed to says nothing of it; why a pushed image is not built is said", async () => {
    const { api, page } = await show();
    await expectText(page, "Nothing has been built yet.");
    expect(await page.getByRole("heading", { name: "Pushed here" }).count()).toBe(0);
    addPushed(api);
    await page.reload();
    api.refusal = { status: 409, ...problem };
    await page.getByRole("button", { name: "Build team/app:1", exact: true }).click();
    await expectText(page, problem.detail);
  });

  test("a disk that was fetched is told from one that was built", async () => {
    const { page } = await show({
      hash: "#/builds/b",
      prepare: (api) => api.add({ id: "b", state: "ready", report: { ...report, fetched: true } }),
    });
    await expectText(page, digestOf(1));
    await expectText(page, "by another server, and fetched from the image's registry");
  });
});
