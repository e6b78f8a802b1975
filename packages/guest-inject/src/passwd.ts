import { byteString, byteStringOf, displayText, type ByteString } from "@bootlayer/rootfs-tree";
import { GuestError } from "./errors.ts";

/** A line of /etc/passwd (passwd(5)), without what no container runtime reads. */
export interface PasswdEntry {
  readonly name: ByteString;
  readonly uid: number;
  readonly gid: number;
  readonly home: ByteString;
}

/** A line of /etc/group (group(5)). */
export interface GroupEntry {
  readonly name: ByteString;
  readonly gid: number;
  readonly members: readonly ByteString[];
}

/** Whom a program runs as. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** For setgroups: the primary group first, as Docker has it, then those that list the user. */
  readonly groups: readonly number[];
  /** `/` where no line of passwd says otherwise. */
  readonly home: ByteString;
}

/** As Docker's, so that an image means the same here: what does not fit a signed 32-bit number is nobody's. */
const maxId = 2 ** 31 - 1;

/** Longer lines are passed over: a group of 10,000 members has one of 100 KB. */
const maxLineLength = 2 ** 20;

/**
 * The lines of a passwd file that name a user, in order. Lines that are malformed (too few fields, ids that are no numbers, as
 * NIS's `+::::::`) are passed over as the C library does: nobody becomes root by a typing error.
 */
export function parsePasswd(file: Uint8Array): PasswdEntry[] {
  return fields(file).flatMap(([name = "", , uid = "", gid = "", , home = ""]) => {
    const [user, group] = [parseId(uid), parseId(gid)];
    if (name === "" || user === undefined || group === undefined) return [];
    return [{ name: name as ByteString, uid: user, gid: group, home: home as ByteString }];
  });
}

/** The lines of a group file that name a group, in order; malformed ones are passed over. */
export function parseGroup(file: Uint8Array): GroupEntry[] {
  return fields(file).flatMap(([name = "", , gid = "", members = ""]) => {
    const group = parseId(gid);
    if (name === "" || group === undefined) return [];
    const names = members.split(",").filter((member) => member !== "") as ByteString[];
    return [{ name: name as ByteString, gid: group, members: names }];
  });
}

/**
 * Resolves `name|uid[:group|gid]` as Docker does (moby/sys/user, GetExecUser): the first line that matches wins; digits are
 * always an id; an id needs no line, but with one takes its group and home; a group that is given replaces all others; else
 * the groups that list the user are supplementary. Empty means uid 0.
 *
 * @param user - as in an image's config or a Dockerfile's USER.
 * @throws {GuestError} GUEST_USER, GUEST_GROUP for a name that has no line and for an id out of range.
 */
export function resolveUser(
  user: string,
  passwd: Uint8Array | undefined,
  group: Uint8Array | undefined,
): ResolvedUser {
  const nothing = byteString("");
  const [userPart = nothing, groupPart = nothing] = byteString(user).split(":") as ByteString[];
  const asked = userPart === "" ? 0 : parseNumber(userPart);
  const entry = parsePasswd(passwd ?? new Uint8Array()).find(({ name, uid }) =>
    asked === undefined ? name === userPart : uid === asked,
  );
  const uid = entry?.uid ?? checkId(asked, "GUEST_USER", "user", userPart);
  const home = entry !== undefined && entry.home !== "" ? entry.home : byteString("/");

  const groups = parseGroup(group ?? new Uint8Array());
  if (groupPart !== "") {
    const number = parseNumber(groupPart);
    const found = groups.find(({ name, gid }) =>
      number === undefined ? name === groupPart : gid === number,
    );
    const gid = found?.gid ?? checkId(number, "GUEST_GROUP", "group", groupPart);
    return { uid, gid, groups: [gid], home };
  }
  const gid = entry?.gid ?? 0;
  const listing = entry ? groups.filter(({ members }) => members.includes(entry.name)) : [];
  return { uid, gid, groups: [...new Set([gid, ...listing.map((listed) => listed.gid)])], home };
}

function fields(file: Uint8Array): string[][] {
  return byteStringOf(file)
    .split("\n")
    .filter((line) => line.length <= maxLineLength && !line.includes("\0"))
    .map(trimBlanks)
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));
}

/** No regular expression: one that looks for blanks at the end takes the square of their number for some lines. */
function trimBlanks(line: string): string {
  let [start, end] = [0, line.length];
  while (start < end && isBlank(line[start])) start++;
  while (end > start && isBlank(line[end - 1])) end--;
  return line.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\r";
}

/** An id as a file has it: out of range is malformed. */
function parseId(text: string): number | undefined {
  const number = parseNumber(text);
  return number !== undefined && number <= maxId ? number : undefined;
}

/** Digits are a number, whatever its size; a sign makes a name of it, which nothing has. */
function parseNumber(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function checkId(
  id: number | undefined,
  code: "GUEST_USER" | "GUEST_GROUP",
  what: "user" | "group",
  asked: ByteString,
): number {
  const file = what === "user" ? "/etc/passwd" : "/etc/group";
  if (id === undefined)
    throw new GuestError(
      code,
      `the image's ${file} has no ${what} ${displayText(asked)}`,
      `name a ${what} that is there, or give a number`,
    );
  if (id > maxId)
    throw new GuestError(code, `${what} ${displayText(asked)} is over ${maxId}`, "give a smaller number");
  return id;
}
