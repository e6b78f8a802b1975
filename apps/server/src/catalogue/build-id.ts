import { randomBytes } from "node:crypto";

let lastMilliseconds = 0;
let counter = 0;

/** A UUID of version 7 (RFC 9562, section 5.7): those of one process sort in the order of their making. */
export function newBuildId(): string {
  const now = Date.now();
  if (now > lastMilliseconds) [lastMilliseconds, counter] = [now, 0];
  // A clock that was set back, or 4096 in a millisecond: time goes on by itself.
  else if (++counter > 0xfff) [lastMilliseconds, counter] = [lastMilliseconds + 1, 0];
  const bytes = randomBytes(16);
  bytes.writeUIntBE(lastMilliseconds, 0, 6);
  bytes.writeUInt16BE(0x7000 | counter, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Whether a text from outside can be the id of a build: a database would refuse all else with an error of its own. */
export function isBuildId(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
