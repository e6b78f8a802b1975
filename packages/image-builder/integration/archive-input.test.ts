import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { layoutEntries, tarArchive } from "@bootlayer/test-fixtures";
import { beforeAll, describe, expect, test } from "vitest";
import { listFiles } from "../src/index.ts";
import { archivedImage, archiveDirectory, base, type Built } from "./archive-fixtures.ts";

const run = promisify(execFile);
const { place, file, build, buildFromLayout, expectNoSpool } = archiveDirectory();

async function* bytes(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

describe("an archive that can be read only once makes the disk that its layout makes", () => {
  const content = archivedImage("gzip");
  let expected: Built;
  beforeAll(async () => {
    expected = await buildFromLayout(content);
  });

  test("from standard input, which is recognised", async () => {
    const alone = gzipSync(tarArchive(layoutEntries({ "1": content })));
    const path = await file("in.tar.gz", alone);
    expect(await build("-", {}, createReadStream(path))).toEqual(expected);
    await expectNoSpool();
  });

  test("from a pipe", async () => {
    const pipe = place("pipe");
    await run("mkfifo", [pipe]);
    const path = await file(
      "piped.tar",
      tarArchive(layoutEntries({ "1": content, other: archivedImage("none") })),
    );
    const [built] = await Promise.all([
      build(`oci-archive:${pipe}:1`),
      run("sh", ["-c", 'cat "$1" > "$2"', "sh", path, pipe]),
    ]);
    expect(built).toEqual(expected);
  });
});

test("nothing, and what holds no image, on standard input", async () => {
  for (const content of [Buffer.alloc(0), base, Buffer.alloc(1024)])
    await expect(build("-", {}, bytes(content))).rejects.toMatchObject({ code: "SOURCE_ARCHIVE" });
  await expect(build("-", {}, bytes(Buffer.from("no tar at all".repeat(100))))).rejects.toMatchObject({
    code: "TAR_HEADER",
  });
  await expect(build("-")).rejects.toMatchObject({ code: "SOURCE_INVALID" });
  await expectNoSpool();
});

test("a stream that unpacks to more than the limits allow is SOURCE_LIMIT", async () => {
  const path = await file("bomb.tar.gz", gzipSync(Buffer.alloc(3_000_000)));
  await expect(build(`oci-archive:${path}`, { limits: { unpackedBytes: 2_000_000 } })).rejects.toMatchObject({
    code: "SOURCE_LIMIT",
  });
  await expect(build(`tar:${path}`, { limits: { ratio: 2, ratioFloorBytes: 100 } })).rejects.toMatchObject({
    code: "SOURCE_LIMIT",
  });
  await expectNoSpool();
});

test("what is not there, or no file", async () => {
  for (const transport of ["oci-archive", "docker-archive", "tar"]) {
    await expect(build(`${transport}:${place("nothing")}`)).rejects.toMatchObject({
      code: "SOURCE_NOT_FOUND",
    });
    await mkdir(place("a-directory"), { recursive: true });
    await expect(build(`${transport}:${place("a-directory")}`)).rejects.toMatchObject({
      code: "SOURCE_INVALID",
    });
  }
});

test("a signal ends the wait for standard input, and nothing is left", async () => {
  async function* never(): AsyncGenerator<Uint8Array> {
    yield base.subarray(0, 700);
    controller.abort();
    yield base;
  }
  const controller = new AbortController();
  const store = place("store");
  const listing = listFiles({ source: "-" }, { store, input: never(), signal: controller.signal });
  await expect(listing).rejects.toMatchObject({ code: "CANCELLED" });
  await expectNoSpool();
});
