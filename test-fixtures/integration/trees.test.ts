import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareTrees, listTree, requireJudge } from "../src/index.ts";
import { runTool } from "../src/judges/run-tool.ts";

const judge = requireJudge("root", "python3", "setfattr", "setfacl");

const TREE = String.raw`
mkdir -p dir/sub
printf hello > dir/file
ln dir/file dir/link
ln dir/file another
ln -s file dir/symlink
mknod dir/char c 5 1
mknod dir/block b 8 1
mkfifo dir/fifo
printf x > "$(printf 'b\377\nd')"
setfattr -n user.a -v 0x00ff80 dir/file
setfattr -n trusted.b -v 0x -h dir/symlink
setfacl -m u:1000:rw dir/file
find . -exec touch -h -d '2001-02-03 04:05:06.123456789' {} +
`;

describe.skipIf(judge.skip)(`trees${judge.reason}`, () => {
  let parent = "";
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), "bootlayer-test-"));
  });
  afterAll(async () => {
    await rm(parent, { recursive: true });
  });

  async function makeTree(name: string, change = ""): Promise<string> {
    const directory = join(parent, name);
    await runTool("mkdir", [directory]);
    await runTool("bash", ["-euc", TREE + change], { cwd: directory });
    return directory;
  }

  test("a listing says what the kernel says, byte by byte", async () => {
    const listing = await listTree(await makeTree("listed"));
    expect([...listing.keys()]).toEqual([
      "/",
      "/another",
      "/b\xff\nd",
      "/dir",
      "/dir/block",
      "/dir/char",
      "/dir/fifo",
      "/dir/file",
      "/dir/link",
      "/dir/sub",
      "/dir/symlink",
    ]);
    expect(listing.get("/dir/link")).toEqual({
      type: "file",
      mode: 0o664,
      uid: 0,
      gid: 0,
      mtime: 981_173_106_123_456_789n,
      size: 5,
      linkGroup: "/another",
      links: 3,
      xattrs: new Map([
        [
          "system.posix_acl_access",
          "0200000001000600ffffffff02000600e803000004000400ffffffff10000600ffffffff20000400ffffffff",
        ],
        ["user.a", "00ff80"],
      ]),
      sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    });
    expect(listing.get("/dir/symlink")).toMatchObject({
      type: "symlink",
      linkTarget: "file",
      size: 4,
      xattrs: new Map([["trusted.b", ""]]),
    });
    expect(listing.get("/dir/char")).toMatchObject({
      type: "character-device",
      device: { major: 5, minor: 1 },
    });
    expect(listing.get("/dir/block")).toMatchObject({ type: "block-device", device: { major: 8, minor: 1 } });
    expect(listing.get("/dir/fifo")?.type).toBe("fifo");
  });

  test("times before 1970 are told to the nanosecond", async () => {
    const directory = await makeTree("early", "touch -d '1969-12-31 23:59:58.250000001' dir/file");
    expect((await listTree(directory)).get("/dir/file")?.mtime).toBe(-1_749_999_999n);
  });

  test("two trees made alike do not differ", async () => {
    expect(compareTrees(await listTree(await makeTree("a")), await listTree(await makeTree("b")))).toEqual(
      [],
    );
  });

  test.for([
    ["mode", "chmod 0600 dir/sub", ["/dir/sub mode"]],
    ["setuid", "chmod 4664 dir/file", ["/another mode", "/dir/file mode", "/dir/link mode"]],
    ["owner", "chown -h 1:2 dir/symlink", ["/dir/symlink uid", "/dir/symlink gid"]],
    ["time", "touch -d '2001-02-03 04:05:06.123456788' dir", ["/dir mtime"]],
    ["device number", "rm dir/char; mknod dir/char c 5 2; T dir/char", ["/dir/char device"]],
    ["device type", "rm dir/char; mknod dir/char b 5 1; T dir/char", ["/dir/char type"]],
    ["target", "ln -sf fil2 dir/symlink; T dir/symlink", ["/dir/symlink linkTarget", "/dir/symlink xattrs"]],
    [
      "xattr value",
      "setfattr -n user.a -v 0x00ff81 another",
      ["/another xattrs", "/dir/file xattrs", "/dir/link xattrs"],
    ],
    ["xattr of a link", "setfattr -x trusted.b -h dir/symlink", ["/dir/symlink xattrs"]],
    ["content of the same size", "printf y > b*; T b*", ["/b\xff\nd sha256"]],
    ["content of another size", "printf xx > b*; T b*", ["/b\xff\nd size", "/b\xff\nd sha256"]],
    ["a missing name", "rmdir dir/sub; T dir", ["/dir/sub type"]],
    ["a further name", "mkdir new; T new", ["/new type"]],
    [
      "a broken link group",
      "cp -a dir/link l; mv l dir/link; T dir/link",
      ["/another links", "/dir/file links", "/dir/link linkGroup", "/dir/link links"],
    ],
  ] as const)("a planted difference is reported, and nothing else: %s", async ([name, change, expected]) => {
    const touch = "T() { touch -h -d '2001-02-03 04:05:06.123456789' \"$@\" . dir; }\n";
    const left = await listTree(await makeTree(`left ${name}`));
    const right = await listTree(await makeTree(`right ${name}`, touch + change));
    expect(compareTrees(left, right).map(({ path, field }) => `${path} ${field}`)).toEqual(expected);
    expect(compareTrees(right, left)).toHaveLength(expected.length);
  });
});
