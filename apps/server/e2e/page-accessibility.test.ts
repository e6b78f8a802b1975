import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { chromiumJudge } from "./browser.ts";
import { poorContrasts } from "./contrast.ts";
import { addAll, addRunning, expectText, pageOpener } from "./page-fixture.ts";

/** Shows what is folded away. */
async function unfold(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
}

describe.skipIf(chromiumJudge.skip)(`the page for everybody${chromiumJudge.reason}`, () => {
  const show = pageOpener();

  test("roles and names are those of the list", async () => {
    const { page } = await show({ prepare: addAll });
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
          - group: Registry login
          - button "Build"
        - region "Pushed here":
          - heading "Pushed here" [level=2]
          - paragraph: Each is built as the form above says.
          - list "Pushed here":
            - listitem:
              - text: team/app:1 linux/amd64
              - button "Build team/app:1"
            - listitem:
              - text: team/app:2 linux/amd64, linux/arm64
              - button "Build team/app:2"
          - button "Further images"
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
              - link "registry.example.com/a-team/a-service@sha256:777777777777…":
                - /url: "#/builds/ready"
              - text: squashfs, linux/amd64, 93.0 MiB
              - time: 4 May 2026, 03:02
            - listitem:
              - text: cancelled
              - link "docker.io/library/alpine:3.22":
                - /url: "#/builds/cancelled"
              - text: ext4
              - time: 4 May 2026, 03:02
            - listitem:
              - text: failed
              - link "docker.io/library/alpine:3.22":
                - /url: "#/builds/failed"
              - text: ext4
              - time: 4 May 2026, 03:02
            - listitem:
              - text: queued
              - link "docker.io/library/alpine:3.22":
                - /url: "#/builds/queued"
              - text: ext4
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
    const { api, page } = await show({ prepare: addAll }, { colorScheme });
    for (const hash of ["", "#/builds/b", "#/builds/ready", "#/builds/failed"]) {
      await page.goto(`${api.url}${hash}`);
      await page.locator(".state").first().waitFor();
      if (hash === "") await expectText(page, "Pushed here");
      await unfold(page);
      expect(await poorContrasts(page)).toEqual([]);
    }
  });

  test.each([320, 360])("everything is within reach at %d pixels", async (width) => {
    const { api, page } = await show({ prepare: addAll }, { viewport: { width, height: 640 } });
    for (const hash of ["", "#/builds/b", "#/builds/ready"]) {
      await page.goto(`${api.url}${hash}`);
      await page.locator(".state").first().waitFor();
      if (hash === "") await expectText(page, "Pushed here");
      await unfold(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    }
  });

  test("the focus is always to be seen", async () => {
    const { api, page } = await show({ prepare: addAll });
    for (const hash of ["", "#/builds/ready"]) {
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
