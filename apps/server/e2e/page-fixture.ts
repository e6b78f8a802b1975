import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { BuildProblem, BuildReport, LayerProgress, TreeEntry } from "../page/src/api-types.ts";
import { launchChromium, openPage, type WatchedPage } from "./browser.ts";
import { startFakeApi, type FakeApi } from "./fake-api.ts";

export interface Shown {
  readonly api: FakeApi;
  readonly page: Page;
  readonly watched: WatchedPage;
}

export interface ToShow {
  /** What of the page: the part of the address behind the server's. */
  readonly hash?: string;
  /** The one that the server wants. */
  readonly token?: string;
  /** Fills the server before the page is opened. */
  readonly prepare?: (api: FakeApi) => void;
}

/** For the top of a suite: one browser for all of its tests, a server and a tab for each, closed behind it. */
export function pageOpener(): (what?: ToShow, look?: BrowserContextOptions) => Promise<Shown> {
  let browser: Browser;
  const leftOpen: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const close of leftOpen.splice(0).toReversed()) await close();
  });
  return async ({ hash = "", token, prepare } = {}, look = {}) => {
    const api = await startFakeApi({ tree, ...(token === undefined ? {} : { token }) });
    leftOpen.push(() => api.close());
    prepare?.(api);
    const watched = await openPage(browser, `${api.url}${hash}`, look);
    leftOpen.push(() => watched[Symbol.asyncDispose]());
    return { api, page: watched.page, watched };
  };
}

/** Waits until a text is on the page. */
export async function expectText(page: Page, text: string): Promise<void> {
  await page.getByText(text).first().waitFor({ timeout: 30_000 });
}

export function layerBar(page: Page, number: number): Locator {
  return page.getByRole("progressbar", { name: `Layer ${number},` });
}

export function digestOf(digit: number): string {
  return `sha256:${String(digit).repeat(64)}`;
}

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

export const report: BuildReport = {
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

export const problem: BuildProblem = {
  code: "REGISTRY_NOT_FOUND",
  title: "Not Found",
  detail: "docker.io has no library/nothing:latest",
  hint: "check the name and the tag",
};

/** Build `b`, which is ready. */
export function addReady(api: FakeApi): void {
  api.add({ id: "b", state: "ready", report });
}

/** Build `b` with two layers, of which half of the first has come and the second was there. */
export function addRunning(api: FakeApi): void {
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
  tellProgress(api, { pulledBytes: 500_000 }, { cached: true });
}

/** Builds in other states than `b`: `ready`, `queued`, `failed` and `cancelled` are their names too. */
export function addOthers(api: FakeApi): void {
  api.add({ id: "queued", state: "queued" });
  api.add({ id: "failed", state: "failed", problem });
  api.add({ id: "cancelled", state: "cancelled" });
  const source = `registry.example.com/a-team/a-service@${digestOf(7)}`;
  api.add({ id: "ready", state: "ready", report, request: { source, format: "squashfs" } });
}

export function addAll(api: FakeApi): void {
  addRunning(api);
  addOthers(api);
}

/** How far the layers of `b` are: a whole snapshot. */
export function tellProgress(api: FakeApi, ...layers: readonly Partial<LayerProgress>[]): void {
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
