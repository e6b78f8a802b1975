import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import type { BuildProblem, BuildReport, TreeEntry } from "@bootlayer/client";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { LayerProgress } from "../page/src/build-progress.ts";
import { launchChromium, openPage, type WatchedPage } from "./browser.ts";
import { startFakeApi, type FakeApi, type Told } from "./fake-api.ts";

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

function entry(name: string, more: Partial<TreeEntry>): TreeEntry {
  return { name, type: "file", mode: "0644", uid: 0, gid: 0, mtime: 0, ...more };
}

const tree: Readonly<Record<string, readonly TreeEntry[]>> = {
  "/": [
    entry("bin", { type: "symlink", target: "usr/bin" }),
    entry("etc", { type: "directory", size: 2048 }),
    entry("init", { size: 100 }),
  ],
  "/etc": [
    entry("hostname", { size: 10 }),
    entry("ssl", { type: "directory", size: 0 }),
    ...Array.from({ length: 150 }, (_, index) => entry(`x${index}`, { size: 1 })),
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

export const ready: Told = {
  kind: "ready",
  data: { key: "k", digest: digestOf(1), bytes: 97_517_568, sha256: "a1b2c3d4".repeat(8), cached: false },
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

/** Three images in the server's own registry, of which two come on the first page. */
export function addPushed(api: FakeApi): void {
  for (const [name, platforms] of [
    ["team/app:1", ["linux/amd64"]],
    ["team/app:2", ["linux/amd64", "linux/arm64"]],
    ["web:1", ["linux/amd64"]],
  ] as const)
    api.pushed.push({ source: `127.0.0.1:7480/${name}`, digest: digestOf(4), platforms: [...platforms] });
}

export function addAll(api: FakeApi): void {
  addPushed(api);
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
