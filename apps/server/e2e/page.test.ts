import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { LayerProgress, TreeEntry } from "../page/src/api-types.ts";
import { chromiumJudge, launchChromium, openPage, type WatchedPage } from "./browser.ts";
import { poorContrasts } from "./contrast.ts";
import { startFakeApi, type FakeApi } from "./fake-api.ts";

const digestOf = (digit: number): string => `sha256:${String(digit).repeat(64)}`;

const tree: Readonly<Record<string, readonly TreeEntry[]>> = {
  "/": [
    { name: "bin", type: "symlink", target: "usr/bin" },
    { name: "etc", type: "directory", size: 2048 },
    { name: "init", type: "file", size: 100 },
  ],
  "/etc": [
    { name: "hostname", type: "file", size: 10 },
    { name: "ssl", type: "directory", size: 0 },
    ...Array.from({ length: 150 }, (_, index) => ({ name: `x${index}`, type: "file", size: 1 })),
  ],
};

const report = {
  platform: "linux/amd64",
  bytes: 97_517_568,
  dataBytes: 10_217_568,
  digest: digestOf(1),
  sha256: "a1b2c3d4".repeat(8),
  cached: false,
  warnings: ["POSIX ACLs of 3 files are left out"],
  guest: { initSystem: "bootlayer", kernelArguments: ["init=/usr/lib/bootlayer/init"], warnings: [] },
  stages: [{ stage: "pull", seconds: 2.5, bytes: 3_800_000 }],
};

const problem = {
  code: "REGISTRY_NOT_FOUND",
  title: "Not Found",
  detail: "docker.io has no library/nothing:latest",
  hint: "check the name and the tag",
};

describe.skipIf(chromiumJudge.skip)(`the page${chromiumJudge.reason}`, () => {
  let browser: Browser;
  const open: { api?: FakeApi; watched?: WatchedPage } = {};
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    await open.watched?.[Symbol.asyncDispose]();
    await open.api?.close();
  });

  async function show(
    { hash = "", ...options }: { hash?: string; token?: string; prepare?: (api: FakeApi) => void } = {},
    look: BrowserContextOptions = {},
  ): Promise<{ api: FakeApi; page: Page; watched: WatchedPage }> {
    const api = await startFakeApi({
      tree,
      ...(options.token === undefined ? {} : { token: options.token }),
    });
    open.api = api;
    options.prepare?.(api);
    const watched = await openPage(browser, `${api.url}${hash}`, look);
    open.watched = watched;
    return { api, page: watched.page, watched };
  }

  /** A build with two layers, of which one half has come. */
  function addRunning(api: FakeApi): void {
    api.add({ id: "b", state: "pulling" });
    api.emit("b", { kind: "state", data: { state: "pulling" } });
    api.emit("b", {
      kind: "resolved",
      data: {
        digest: digestOf(1),
        platform: "linux/amd64",
        layers: [2, 3].map((digit) => ({ digest: digestOf(digit), size: 1_000_000 })),
      },
    });
    tell(api, { pulledBytes: 500_000 }, { cached: true });
  }

  function tell(api: FakeApi, ...layers: readonly Partial<LayerProgress>[]): void {
    api.emit("b", {
      kind: "progress",
      data: {
        layers: layers.map((layer, index) => ({
          digest: digestOf(index + 2),
          pulledBytes: 0,
          flattenedBytes: 0,
          totalBytes: 1_000_000,
          cached: false,
          ...layer,
        })),
        writtenBytes: 4096,
      },
    });
  }

  const bar = (page: Page, number: number) => page.getByRole("progressbar", { name: `Layer ${number},` });

  async function expectText(page: Page, text: string): Promise<void> {
    await page.getByText(text).first().waitFor({ timeout: 30_000 });
  }

  test("the keyboard alone starts a build and sees it become ready", async () => {
    const { api, page, watched } = await show();
    await expectText(page, "Nothing has been built yet.");
    const press = async (...keys: readonly string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    // Past the link to the content and the name, to the first field.
    await press("Tab", "Tab", "Tab");
    await page.keyboard.type("docker.io/library/alpine:3.22");
    await press("Tab", "ArrowDown", "Tab", "ArrowDown", "Tab");
    await page.keyboard.type("zstd:3");
    await press("Tab", "Space", "Tab", "Enter");
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
    const [{ id = "" } = {}] = api.builds;
    api.emit(id, { kind: "queued", data: { position: 3 } });
    await expectText(page, "Waiting for its turn: 2 before it.");
    api.emit(id, { kind: "ready", data: {} }, { state: "ready", report });
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
      (await bar(page, 1).locator(`.${part}`).boundingBox())?.width ?? -1;
    const [whole, half] = [(await bar(page, 1).boundingBox())?.width ?? 0, await widthOf("pulled")];
    expect(half / whole).toBeCloseTo(0.5, 1);
    expect(await bar(page, 1).getAttribute("aria-valuenow")).toBe("25");
    expect(await bar(page, 2).getAttribute("aria-valuetext")).toBe("in store");

    tell(
      api,
      { pulledBytes: 1_000_000, flattenedBytes: 250_000 },
      { cached: true, flattenedBytes: 1_000_000 },
    );
    api.emit("b", { kind: "stage", data: { stage: "pull", seconds: 1.5, bytes: 1_000_000 } });
    await expectText(page, "flattened 25 %");
    await expectText(page, "1.50 s");
    await page.waitForTimeout(500);
    expect((await widthOf("flattened")) / whole).toBeCloseTo(0.25, 1);
    expect(await bar(page, 1).getAttribute("aria-valuenow")).toBe("62");
    expect(await bar(page, 2).getAttribute("aria-valuetext")).toBe("done");
    expect(await page.evaluate(() => Reflect.get(globalThis, "shifts") as unknown)).toEqual([]);
    // A screen reader is told of the end, not of each step.
    expect(await page.getByRole("status").allInnerTexts()).toEqual(["", ""]);
  });

  test("a reload in the middle shows the same again, and goes on", async () => {
    const { api, page, watched } = await show({ hash: "#/builds/b", prepare: addRunning });
    await expectText(page, "pulled 50 %");
    await page.reload();
    await expectText(page, "pulled 50 %");
    tell(api, { pulledBytes: 750_000 }, { cached: true });
    await expectText(page, "pulled 75 %");
    expect(api.resumed).toEqual(["", ""]);
    expect(watched.complaints).toEqual([]);
  });

  test("a connection that is cut is taken up behind the last event", async () => {
    const { api, page } = await show({ hash: "#/builds/b", prepare: addRunning });
    await expectText(page, "pulled 50 %");
    api.cut();
    await expectText(page, "The connection to the server is lost.");
    tell(api, { pulledBytes: 900_000 }, { cached: true });
    await expectText(page, "pulled 90 %");
    await page.getByText("The connection to the server is lost.").waitFor({ state: "detached" });
    expect(api.resumed).toEqual(["", "3"]);
  });

  test("what is in the image is opened level by level, with the keyboard", async () => {
    const prepare = (api: FakeApi): void => void api.add({ id: "b", state: "ready", report });
    const { page, watched } = await show({ hash: "#/builds/b", prepare });
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
    const prepare = (api: FakeApi): void => void api.add({ id: "b", state: "ready", report });
    const { page } = await show({ hash: "#/builds/b", prepare });
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
    const prepare = (api: FakeApi): void => void api.add({ id: "b", state: "ready", report });
    const { api, page } = await show({ hash: "#/builds/b", prepare });
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

  test("the list is filtered and paged by its address", async () => {
    const prepare = (api: FakeApi): void => {
      for (let index = 0; index < 30; index++)
        api.add({ id: `b${index}`, state: index % 2 === 0 ? "ready" : "queued", report });
    };
    const { page } = await show({ prepare });
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

  test("a server that does not answer is said not to, until it does", async () => {
    const { api, page } = await show();
    await expectText(page, "Nothing has been built yet.");
    await api.close();
    await page.getByRole("button", { name: "Build", exact: true }).waitFor();
    await page.getByLabel("Image", { exact: true }).first().fill("alpine");
    await page.getByRole("button", { name: "Build", exact: true }).click();
    await expectText(page, "No connection to the server could be made.");
    open.api = await startFakeApi({ port: Number(new URL(api.url).port) });
    await page.getByRole("button", { name: "Build", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "alpine" }).waitFor();
  });

  test("a token is asked for, goes along with all requests, and stays in the tab", async () => {
    const prepare = (api: FakeApi): void => addRunning(api);
    const { api, page } = await show({ hash: "#/builds/b", token: "blt_right", prepare });
    await page.getByRole("textbox", { name: "Token" }).fill("blt_wrong");
    await page.getByRole("button", { name: "Use token" }).click();
    await expectText(page, "The token was refused");
    await page.getByRole("textbox", { name: "Token" }).fill("blt_right");
    await page.keyboard.press("Enter");
    await expectText(page, "pulled 50 %");
    expect(await page.evaluate(() => [localStorage.length, document.cookie])).toEqual([0, ""]);
    api.emit("b", { kind: "ready", data: {} }, { state: "ready", report });
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

  test("roles and names are those of the list", async () => {
    const prepare = (api: FakeApi): void => {
      addRunning(api);
      api.add({ id: "r", state: "ready", report });
    };
    const { page } = await show({ prepare });
    await page.locator(".builds > li").first().waitFor();
    expect(await page.locator("body").ariaSnapshot()).toMatchInlineSnapshot(`
      "- link "To the content":
        - /url: "#main"
      - banner:
        - link "bootlayer":
          - /url: "#/"
        - text: container images as bootable disks
      - main:
        - heading "Disks" [level=1]
        - form "Build a disk":
          - heading "Build a disk" [level=2]
          - text: Image
          - textbox "Image"
          - text: A reference, such as docker.io/library/alpine:3.22 Platform
          - combobox "Platform":
            - option "the server's own" [selected]
            - option "linux/amd64"
            - option "linux/arm64"
          - group "Format":
            - text: Format
            - radio "ext4 to write to" [checked]
            - text: ext4 to write to
            - radio "squashfs compressed, only read"
            - text: squashfs compressed, only read
          - text: Size
          - textbox "Size":
            - /placeholder: auto
          - text: "4G: exactly that. +512M: so much free space."
          - checkbox "Make it boot"
          - text: Make it boot Puts in an init that starts the image's program as a machine.
          - button "Build"
        - region "Builds":
          - heading "Builds" [level=2]
          - search "Builds":
            - text: State
            - combobox "State":
              - option "all" [selected]
              - option "not ended"
              - option "queued"
              - option "resolving"
              - option "pulling"
              - option "flattening"
              - option "writing"
              - option "verifying"
              - option "ready"
              - option "failed"
              - option "cancelled"
            - text: Format
            - combobox "Format":
              - option "all" [selected]
              - option "ext4"
              - option "squashfs"
            - text: Image
            - searchbox "Image"
          - list:
            - listitem:
              - text: ready
              - link "docker.io/library/alpine:3.22":
                - /url: "#/builds/r"
              - text: ext4, linux/amd64, 93.0 MiB
              - time: 4 May 2026, 03:02
            - listitem:
              - text: pulling
              - link "docker.io/library/alpine:3.22":
                - /url: "#/builds/b"
              - text: ext4
              - time: 4 May 2026, 03:02
      - status"
    `);
  });

  test("roles and names are those of a build under way", async () => {
    const { page } = await show({ hash: "#/builds/b", prepare: addRunning });
    await expectText(page, "pulled 50 %");
    expect(await page.getByRole("main").ariaSnapshot()).toMatchInlineSnapshot(`
      "- main:
        - navigation "Where this is":
          - link "All builds":
            - /url: "#/"
        - heading "docker.io/library/alpine:3.22" [level=1]
        - text: pulling ext4, asked for
        - time: 4 May 2026, 03:02
        - button "Cancel"
        - status
        - region "Progress":
          - heading "Progress" [level=2]
          - paragraph: pulled flattened in store
          - list "Layers, the base first":
            - listitem:
              - code: "222222222222"
              - progressbar "Layer 1, 977 KiB"
              - text: 977 KiB pulled 50 %
            - listitem:
              - code: "333333333333"
              - progressbar "Layer 2, 977 KiB"
              - text: 977 KiB in store
          - paragraph: "Written to the disk: 4.0 KiB"
          - table "Stages; some overlap":
            - caption: Stages; some overlap
            - rowgroup:
              - row "Stage Time Bytes":
                - columnheader "Stage"
                - columnheader "Time"
                - columnheader "Bytes"
            - rowgroup:
              - row "resolve":
                - rowheader "resolve"
                - cell
                - cell
              - row "pull":
                - rowheader "pull"
                - cell
                - cell
              - row "flatten":
                - rowheader "flatten"
                - cell
                - cell
              - row "write":
                - rowheader "write"
                - cell
                - cell
              - row "digest":
                - rowheader "digest"
                - cell
                - cell"
    `);
  });

  test.each(["light", "dark"] as const)("texts and controls stand out in %s", async (colorScheme) => {
    const prepare = (api: FakeApi): void => {
      addRunning(api);
      for (const state of ["queued", "failed", "cancelled"] as const)
        api.add({ id: state, state, ...(state === "failed" ? { problem } : {}) });
      api.add({ id: "r", state: "ready", report });
    };
    const { api, page } = await show({ prepare }, { colorScheme });
    for (const hash of ["", "#/builds/b", "#/builds/r", "#/builds/failed"]) {
      await page.goto(`${api.url}${hash}`);
      await page.locator(".state").first().waitFor();
      expect(await poorContrasts(page)).toEqual([]);
    }
  });

  test.each([320, 360])("everything is within reach at %d pixels", async (width) => {
    const prepare = (api: FakeApi): void => {
      addRunning(api);
      const source = `registry.example.com/a-team/a-service@${digestOf(7)}`;
      api.add({ id: "r", state: "ready", report, request: { source, format: "squashfs" } });
    };
    const { api, page } = await show({ prepare }, { viewport: { width, height: 640 } });
    for (const hash of ["", "#/builds/b", "#/builds/r"]) {
      await page.goto(`${api.url}${hash}`);
      await page.locator(".state").first().waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    }
  });

  test("the focus is always to be seen", async () => {
    const prepare = (api: FakeApi): void => void api.add({ id: "r", state: "ready", report });
    const { api, page } = await show({ prepare });
    for (const hash of ["", "#/builds/r"]) {
      await page.goto(`${api.url}${hash}`);
      await page.locator(".state").first().waitFor();
      const outlines: string[] = [];
      for (let index = 0; index < 14; index++) {
        await page.keyboard.press("Tab");
        outlines.push(
          await page.evaluate(() => {
            const { activeElement: element } = document;
            if (!element || element === document.body) return "none";
            const { outlineStyle, outlineWidth } = getComputedStyle(element);
            return `${outlineStyle} ${outlineWidth}`;
          }),
        );
      }
      expect(outlines.filter((outline) => outline !== "none" && outline !== "solid 3px")).toEqual([]);
      expect(outlines.filter((outline) => outline === "solid 3px").length).toBeGreaterThan(7);
    }
  });

  test("who wants no motion sees none", async () => {
    const { page } = await show({ hash: "#/builds/b", prepare: addRunning }, { reducedMotion: "reduce" });
    await expectText(page, "pulled 50 %");
    const durations = await page.evaluate(() =>
      [...document.querySelectorAll("body *")].map((element) => getComputedStyle(element).transitionDuration),
    );
    expect([...new Set(durations)]).toEqual(["0s"]);
  });
});
