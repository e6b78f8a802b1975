import { requireJudge } from "@bootlayer/test-fixtures";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

export const chromiumJudge: ReturnType<typeof requireJudge> = requireJudge("chromium");

export async function launchChromium(): Promise<Browser> {
  return await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
}

export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings on the console, faults of the script, and what the Content-Security-Policy stopped. */
  readonly complaints: readonly string[];
  /** Addresses outside of `origin` that the page asked for. */
  readonly strangers: readonly string[];
  /** Gone before what is next. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A tab of its own, whose requests and complaints are noted. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const strangers: string[] = [];
  const { origin } = new URL(address);
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    if (new URL(url).origin !== origin && !url.startsWith("blob:")) strangers.push(url);
  });
  await page.goto(address);
  return { page, complaints, strangers, [Symbol.asyncDispose]: () => context.close() };
}
