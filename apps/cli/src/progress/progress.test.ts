import type { BuildEvent, Descriptor, Digest, Platform } from "@bootlayer/image-builder";
import { expect, test } from "vitest";
import { advanceProgress, noProgress } from "./layer-progress.ts";
import { progressWriter } from "./progress-writer.ts";
import { progressLines } from "./tty.ts";

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}` as Digest;
const layer = (letter: string): Descriptor => ({
  mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  digest: digest(letter),
  size: 1000,
});
const platform: Platform = { os: "linux", architecture: "amd64" };
const events: readonly BuildEvent[] = [
  { kind: "stage-started", stage: "resolve" },
  {
    kind: "resolved",
    source: "alpine",
    digest: digest("f"),
    platform,
    layers: [layer("a"), layer("b"), layer("b")],
  },
  { kind: "stage-finished", stage: "resolve", start: 0, end: 0.5, seconds: 0.5, bytes: 100 },
  { kind: "stage-started", stage: "pull" },
  { kind: "stage-started", stage: "flatten" },
  { kind: "blob-cached", digest: digest("a"), totalBytes: 1000 },
  { kind: "blob-bytes", digest: digest("b"), bytes: 500, totalBytes: 1000 },
  { kind: "layer-bytes", layer: 2, digest: digest("b"), bytes: 250, totalBytes: 1000 },
  { kind: "layer-verified", layer: 2, digest: digest("b"), entries: 7, unpackedBytes: 3000 },
];

function written(mode: "tty" | "plain" | "json" | "none" | "auto", isTTY = false): string {
  let text = "";
  const writer = progressWriter(mode, {
    isTTY,
    columns: 100,
    rows: 24,
    write: (more) => void (text += more),
  });
  for (const event of events) writer.report(event);
  writer.close();
  return text;
}

test("a blob that is several layers moves all of them; a layer's own events move it alone", () => {
  const { layers, stages } = events.reduce(advanceProgress, noProgress);
  expect(layers.map(({ movedBytes, flattenedBytes, done }) => [movedBytes, flattenedBytes, done])).toEqual([
    [1000, 0, false],
    [500, 0, false],
    [500, 250, true],
  ]);
  expect(stages).toEqual(["pull", "flatten"]);
});

test("no line is wider and no picture higher than the screen", () => {
  const progress = events.reduce(advanceProgress, noProgress);
  const lines = progressLines(progress, { columns: 30, rows: 4 });
  expect(lines.length).toBeLessThanOrEqual(4);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(30);
  expect(lines.at(-1)).toContain("more layers");
});

test("plain writes a line for what is done, not for every byte", () => {
  expect(written("plain").trimEnd().split("\n")).toEqual([
    `resolved alpine to ${digest("f")} (linux/amd64, 3 layers, 2.9 KiB)`,
    "resolve: 0.50 s (0.00 s to 0.50 s), 100 B",
    "blob sha256:aaaaaaaaaaaa is in the store (1.0 KiB)",
    "layer 3 sha256:bbbbbbbbbbbb flattened and verified (7 entries, 2.9 KiB)",
  ]);
});

test("what a pull or a push moves is done when it is in its place", () => {
  const moved: readonly BuildEvent[] = [
    {
      kind: "transfer-started",
      direction: "push",
      name: "example.com/a:1",
      digest: digest("f"),
      blobs: [layer("a"), layer("b"), layer("c")],
    },
    { kind: "blob-upload-bytes", digest: digest("a"), bytes: 400, totalBytes: 1000 },
    { kind: "blob-pushed", digest: digest("b"), totalBytes: 1000, how: "mounted" },
  ];
  const { layers, source } = moved.reduce(advanceProgress, noProgress);
  expect(source).toBe("example.com/a:1");
  expect(layers.map(({ movedBytes, done }) => [movedBytes, done])).toEqual([
    [400, false],
    [1000, true],
    [0, false],
  ]);
  let text = "";
  const writer = progressWriter("plain", { write: (more) => void (text += more) });
  for (const event of moved) writer.report(event);
  expect(text.split("\n")).toEqual([
    `push example.com/a:1 ${digest("f")} (3 blobs, 2.9 KiB)`,
    "blob sha256:bbbbbbbbbbbb mounted (1.0 KiB)",
    "",
  ]);
});

test.for(["plain", "tty"] as const)("%s tells what hinders the work, and it stays", (mode) => {
  let text = "";
  const writer = progressWriter(mode, { write: (more) => void (text += more) });
  const hindrances: readonly BuildEvent[] = [
    { kind: "registry-warning", registry: "r.example", text: "old" },
    {
      kind: "registry-retry",
      subject: "blob x of r.example/a",
      code: "REGISTRY_STALLED",
      delayMilliseconds: 1500,
    },
    { kind: "mirror-failed", subject: "r.example/a", host: "m.example", code: "REGISTRY_TLS" },
    { kind: "ingest-waiting", digest: digest("a"), processId: 7 },
  ];
  for (const event of hindrances) writer.report(event);
  writer.close();
  // As a terminal shows it: what is erased is gone.
  expect(text.replaceAll("start  \n\u001b[1A\u001b[0J", "").split("\n")).toEqual([
    "r.example warns: old",
    "blob x of r.example/a: REGISTRY_STALLED, tried again in 1.50 s",
    "r.example/a: the mirror m.example is passed over (REGISTRY_TLS)",
    "blob sha256:aaaaaaaaaaaa is being pulled by process 7, which is waited for",
    "",
  ]);
});

test("json writes every event as a line", () => {
  expect(
    written("json")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(events);
});

test("tty erases what it drew", () => {
  expect(written("tty")).toSatisfy((text: string) => text.endsWith("\u001b[0J"));
});

test("auto is plain where there is no terminal, and none writes nothing", () => {
  expect(written("auto")).toBe(written("plain"));
  expect(written("auto", true)).toContain("\u001b");
  expect(written("none")).toBe("");
});
