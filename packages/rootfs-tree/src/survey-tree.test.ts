import { expect, test } from "vitest";
import { attributes, directory } from "../integration/plain-nodes.ts";
import {
  byteString,
  surveyTree,
  type Attributes,
  type ByteString,
  type DirectoryNode,
  type RootfsNode,
  type TreeSurvey,
} from "./index.ts";

const fifo = (given: Partial<Attributes> = {}): RootfsNode => ({
  kind: "fifo",
  attributes: { ...attributes, ...given },
});

async function surveyOf(root: DirectoryNode): Promise<TreeSurvey & { told: string[] }> {
  const told: string[] = [];
  const survey = await surveyTree(root, {
    onNode: (_, path) => told.push(`/${path}`),
    onLink: (path, names) => told.push(`/${path} is name ${names}`),
    invalid: (path, fault) => new Error(`/${path} ${fault}`),
    pause: () => undefined,
  });
  return { ...survey, told };
}

test("a node is told once, with its first path; its further names are counted", async () => {
  const linked = fifo();
  const survey = await surveyOf(directory({ z: linked, b: directory({ c: linked }), a: linked }));
  expect(survey.told).toEqual(["/", "/a", "/b", "/b/c is name 2", "/z is name 3"]);
  expect(survey.nodes).toBe(3);
  expect(survey.linksOf(linked)).toBe(3);
});

test("a directory has two links, and one for each directory in it", async () => {
  const inner = directory({ c: directory(), f: fifo() });
  const root = directory({ a: directory({ f: fifo() }), inner });
  const survey = await surveyOf(root);
  expect([root, inner].map((node) => survey.linksOf(node))).toEqual([4, 3]);
});

test("directories come after those that hold them; the root is its own parent", async () => {
  const deep = directory();
  const inner = directory({ deep });
  const root = directory({ inner, f: fifo() });
  const survey = await surveyOf(root);
  expect(survey.directories).toEqual([root, inner, deep]);
  expect(survey.directories.map((node) => survey.parentOf(node))).toEqual([root, root, inner]);
});

test("a checkpoint that rejects ends the walk", async () => {
  const surveyed = surveyTree(directory(), {
    onNode: () => {},
    invalid: () => new Error("invalid"),
    pause: () => Promise.reject(new Error("enough")),
  });
  await expect(surveyed).rejects.toThrow("enough");
});

const twice = directory();
const cyclic = directory();
cyclic.entries.set(byteString("self"), cyclic);

const symlink: RootfsNode = { kind: "symlink", attributes, target: "" as ByteString };
const device = (major: number, minor: number): RootfsNode => ({
  kind: "block-device",
  attributes,
  device: { major, minor },
});
const file = (size: number): RootfsNode => ({ kind: "file", attributes, size, content: undefined });

test.each<[string, Readonly<Record<string, RootfsNode>>, string]>([
  ["a directory with two names", { a: twice, b: twice }, "/b is a directory that has another name"],
  ["a directory in itself", { cyclic }, "/cyclic/self is a directory that has another name"],
  ["an empty name", { "": fifo() }, "/ has a name that no directory can hold"],
  ["a name of 256 bytes", { ["n".repeat(256)]: fifo() }, "has a name"],
  ["a name with a slash", { "a/b": fifo() }, "/a/b has a name"],
  ["a name with a NUL", { "a\0": fifo() }, "has a name"],
  ["the name .", { ".": fifo() }, "/. has a name"],
  ["the name ..", { "..": fifo() }, "/.. has a name"],
  ["a mode with a file type", { a: fifo({ mode: 0o100_644 }) }, "/a has the mode 33188"],
  ["an owner of 33 bits", { a: fifo({ uid: 2 ** 32 }) }, "/a has the owner 4294967296:0"],
  ["a group below 0", { a: fifo({ gid: -1 }) }, "/a has the owner 0:-1"],
  [
    "a time that is no number",
    { a: fifo({ mtime: { seconds: NaN, nanoseconds: 0 } }) },
    "/a has the time NaN",
  ],
  [
    "a second of nanoseconds",
    { a: fifo({ mtime: { seconds: 0, nanoseconds: 1e9 } }) },
    "/a has the time 0 s",
  ],
  ["a major of 13 bits", { a: device(4096, 0) }, "/a has the device number 4096:0"],
  ["a minor of 21 bits", { a: device(0, 2 ** 20) }, "/a has the device number 0:1048576"],
  ["bytes without content", { a: file(5) }, "/a has 5 bytes and no content"],
  ["a size below 0", { a: file(-1) }, "/a has -1 bytes and no content"],
])("%s is refused and named", async (_, entries, message) => {
  await expect(surveyOf(directory(entries))).rejects.toThrow(message);
});

test("what a format may hold or not is no fault: a target, attributes", async () => {
  const xattrs = new Map([[byteString("odd"), new Uint8Array()]]);
  await expect(surveyOf(directory({ symlink, a: fifo({ xattrs }) }))).resolves.toMatchObject({ nodes: 3 });
});
