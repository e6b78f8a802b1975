import { describe, expect, test } from "vitest";
import { oneProgram, pathsOf, planOf } from "../integration/plan-fixtures.ts";

describe("volumes", () => {
  const image = { ...oneProgram.image, Volumes: { "/data": {}, cache: {} } };

  test("are directories, made where they are missing", async () => {
    const plan = await planOf({ ...oneProgram, image });
    expect(pathsOf(plan)).toEqual(expect.arrayContaining(["data", "cache"]));
    expect(plan.conf.tmpfs).toEqual([]);
  });

  test("are in memory where the root can only be read, unless something is laid over it or mounted there", async () => {
    const readOnlyRoot = true;
    expect((await planOf({ ...oneProgram, image, readOnlyRoot })).conf.tmpfs).toEqual([
      { path: "/data", mode: 0o755 },
      { path: "/cache", mode: 0o755 },
    ]);
    const overlay = { kind: "tmpfs" } as const;
    expect((await planOf({ ...oneProgram, image, readOnlyRoot, guest: { overlay } })).conf.tmpfs).toEqual([]);
    const mounts = [{ device: "/dev/vdb", path: "/data" }];
    expect((await planOf({ ...oneProgram, image, readOnlyRoot, guest: { mounts } })).conf.tmpfs).toEqual([
      { path: "/cache", mode: 0o755 },
    ]);
  });

  test("with content that can only be read, and those that are no directory, are warnings", async () => {
    const files = { ...oneProgram.files, "/data/file": "x", "/cache": "x" };
    const plan = await planOf({ files, image, readOnlyRoot: true });
    expect(plan.conf.tmpfs).toEqual([]);
    expect(plan.warnings).toEqual([
      expect.stringContaining('"/data" has content') as string,
      expect.stringContaining('"/cache" is no directory') as string,
    ]);
  });
});
