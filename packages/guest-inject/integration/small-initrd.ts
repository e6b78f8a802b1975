import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const source = join(import.meta.dirname, "programs", "small-init.c");

/** An initrd with one static program, `programs/small-init.c`, as /init. Needs musl-gcc. */
export async function smallInitrd(directory: string): Promise<string> {
  const program = join(directory, "small-init");
  await promisify(execFile)("musl-gcc", ["-static", "-Os", "-o", program, source]);
  const path = join(directory, "small.cpio");
  await writeFile(path, cpio("init", await readFile(program)));
  return path;
}

/** A cpio archive of one executable file (Documentation/driver-api/early-userspace/buffer-format.rst). */
function cpio(name: string, content: Buffer): Buffer {
  return Buffer.concat([member(name, 0o100755, content), member("TRAILER!!!", 0, Buffer.alloc(0))]);
}

function member(name: string, mode: number, content: Buffer): Buffer {
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const fields = [1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
  return Buffer.concat([padded(Buffer.from(header)), padded(content)]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
