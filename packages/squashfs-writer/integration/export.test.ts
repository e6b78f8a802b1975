import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireJudge, withMount } from "@bootlayer/test-fixtures";
import { run, withDirectory } from "@bootlayer/test-fixtures/image-writers";
import { describe, expect, test } from "vitest";
import { makeImage } from "./judging.ts";

/**
 * Takes a handle of every name below its argument (name_to_handle_at, as an NFS server does), or opens those given on its
 * input with nothing cached, and prints what each is: the inode's number, its size and, of a directory, its parent's number.
 */
const handlesScript = String.raw`
import ctypes, os, stat, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
root = os.open(sys.argv[1], os.O_RDONLY)
O_PATH = os.O_PATH

def described(fd):
    info = os.fstat(fd)
    parent = os.stat("..", dir_fd=fd).st_ino if stat.S_ISDIR(info.st_mode) else 0
    return f"{info.st_ino} {info.st_size} {stat.S_IFMT(info.st_mode)} {parent}"

def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

if len(sys.argv) == 2:
    for at, directories, files in os.walk(sys.argv[1]):
        for name in [""] + files:
            path = os.path.join(at, name)
            handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
            mount = ctypes.c_int()
            checked(libc.name_to_handle_at(-100, os.fsencode(path), handle, ctypes.byref(mount), 0))
            fd = os.open(path, O_PATH | os.O_NOFOLLOW)
            print(handle.raw.hex(), described(fd))
            os.close(fd)
else:
    for line in open(sys.argv[2]):
        handle, expected = line.rstrip("\n").split(" ", 1)
        fd = checked(libc.open_by_handle_at(root, ctypes.create_string_buffer(bytes.fromhex(handle)), O_PATH))
        if described(fd) != expected:
            raise SystemExit(f"{described(fd)} instead of {expected}")
        os.close(fd)
    print("all found")
`;

const judge = requireJudge("root", "mount", "python3");
describe.skipIf(judge.skip)(`under the kernel${judge.reason}`, () => {
  test("every inode is found by its number alone, and every directory's parent", async () => {
    await withDirectory(async (directory) => {
      const { path } = await makeImage(join(directory, "image"), {}, async (tree) => {
        // More inodes than one chunk of the table has room for.
        for (let index = 0; index < 3000; index++)
          await tree.file(`${index % 50}/${index % 7}/${index}`, `${index}`);
        tree.add("linked", await tree.file("1/2/linked", "two names"));
      });
      const handles = join(directory, "handles");
      await withMount(path, { type: "squashfs" }, async (mounted) => {
        await writeFile(handles, `${await run("python3", "-I", "-c", handlesScript, mounted)}\n`);
      });
      await withMount(path, { type: "squashfs" }, async (mounted) => {
        expect(await run("python3", "-I", "-c", handlesScript, mounted, handles)).toBe("all found");
      });
    });
  });
});
