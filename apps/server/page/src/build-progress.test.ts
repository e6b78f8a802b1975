import { expect, test } from "vitest";
import { advance, layerText, startOf, type BuildProgress } from "./build-progress.ts";

const layer = { digest: "sha256:a", pulledBytes: 0, flattenedBytes: 0, totalBytes: 1000, cached: false };
const half: BuildProgress = {
  ...startOf("pulling"),
  layers: [{ ...layer, pulledBytes: 500 }],
  stages: [{ stage: "resolve", seconds: 1, bytes: 2 }],
};

test("layers are there, empty, as soon as the image is resolved", () => {
  const event = { digest: "sha256:m", platform: "linux/amd64", layers: [{ digest: "sha256:a", size: 1000 }] };
  expect(advance(startOf("resolving"), { sequence: 1, kind: "resolved", data: event }).layers).toEqual([
    layer,
  ]);
});

test("a snapshot takes the place of the one before", () => {
  const layers = [{ ...layer, pulledBytes: 1000, flattenedBytes: 10 }];
  expect(advance(half, { sequence: 1, kind: "progress", data: { layers, writtenBytes: 7 } })).toEqual({
    ...half,
    layers,
    writtenBytes: 7,
  });
});

test("a build that goes back to the queue begins anew", () => {
  expect(advance(half, { sequence: 1, kind: "queued", data: { position: 3 } })).toEqual({
    ...startOf("queued"),
    position: 3,
  });
});

test("a stage that is told twice is there once", () => {
  const again = { stage: "resolve", seconds: 2, bytes: 4 };
  expect(advance(half, { sequence: 1, kind: "stage", data: again }).stages).toEqual([again]);
});

test("the end keeps what was known", () => {
  expect(advance(half, { sequence: 1, kind: "cancelled", data: {} })).toEqual({
    ...half,
    state: "cancelled",
  });
});

test.each([
  ["waiting", {}],
  ["pulled 49 %", { pulledBytes: 499 }],
  ["pulled 99 %", { pulledBytes: 999 }],
  ["pulled", { pulledBytes: 1000 }],
  ["in store", { cached: true }],
  ["flattened 99 %", { cached: true, flattenedBytes: 999 }],
  ["done", { flattenedBytes: 1000 }],
  ["done", { totalBytes: 0 }],
])("a layer is said to be %s", (text, progress) => {
  expect(layerText({ ...layer, ...progress })).toBe(text);
});
