import { byteString } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { doctorImage, type FixtureEntry } from "../../integration/doctor-fixtures.ts";
import { findProgram, splitSearchPath, type ProgramSearch } from "./find-program.ts";

function find(
  name: string,
  entries: Readonly<Record<string, FixtureEntry>>,
  { path = "/usr/bin:/bin", uid = 0, gids = [0], workingDirectory = "/" } = {},
): ProgramSearch {
  return findProgram(byteString(name), {
    root: doctorImage(entries).root,
    path: splitSearchPath(path),
    workingDirectory: byteString(workingDirectory),
    uid,
    gids,
  });
}

test("a name is looked up in PATH's order", () => {
  const entries = { "/bin/a": "1", "/usr/bin/a": "2" };
  expect(find("a", entries)).toMatchObject({ kind: "found", path: "/usr/bin/a" });
  expect(find("a", entries, { path: "/bin:/usr/bin" })).toMatchObject({ path: "/bin/a" });
  expect(find("b", entries)).toEqual({ kind: "missing" });
  expect(find("", entries)).toEqual({ kind: "missing" });
});

test("a file that cannot be executed does not end the search, and is named if nothing better comes", () => {
  const entries = { "/usr/bin/a": { content: "1", mode: 0o644 }, "/bin/a": "2" };
  expect(find("a", entries)).toMatchObject({ kind: "found", path: "/bin/a" });
  expect(find("a", entries, { path: "/usr/bin" })).toEqual({
    kind: "not-executable",
    path: "/usr/bin/a",
    mode: 0o644,
  });
});

test("a name with a slash is not looked up, and is relative to the working directory", () => {
  const entries = { "/app/run": "1" };
  expect(find("./run", entries, { workingDirectory: "/app" })).toMatchObject({ path: "/app/run" });
  expect(find("./run", entries)).toEqual({ kind: "missing" });
});

test("an empty directory in PATH is the working directory", () => {
  expect(find("run", { "/app/run": "1" }, { path: "/bin:", workingDirectory: "/app" })).toMatchObject({
    path: "/app/run",
  });
});

test("symlinks are followed inside the root", () => {
  const entries = { "/bin": { link: "usr/bin" }, "/usr/bin/a": { link: "../../../../opt/a" }, "/opt/a": "1" };
  expect(find("/bin/a", entries)).toMatchObject({ kind: "found", path: "/opt/a" });
  expect(find("/x", { "/x": { link: "y" }, "/y": { link: "x" } })).toMatchObject({ kind: "loop" });
});

test("a directory is no program", () => {
  expect(find("/app", { "/app": { directory: true } })).toEqual({
    kind: "not-a-file",
    path: "/app",
    what: "directory",
  });
});

function may(mode: number, uid: number, gids: number[]): boolean {
  return find("/a", { "/a": { content: "1", mode, uid: 1000, gid: 100 } }, { uid, gids }).kind === "found";
}

test("of owner, group and others one alone decides; root needs any execute bit", () => {
  expect(may(0o100, 1000, [5])).toBe(true);
  expect(may(0o011, 1000, [100])).toBe(false);
  expect(may(0o010, 1, [7, 100])).toBe(true);
  expect(may(0o101, 1, [100])).toBe(false);
  expect(may(0o001, 1, [1])).toBe(true);
  expect(may(0o001, 0, [0])).toBe(true);
  expect(may(0o644, 0, [0])).toBe(false);
});
