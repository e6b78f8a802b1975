import type { ByteString, DataRegion } from "@bootlayer/rootfs-tree";
import type { TarFail } from "../errors.ts";
import { blockBytes } from "./header.ts";
import { parseDecimal, parseNumberField } from "./number.ts";
import type { PaxAttributes } from "./pax.ts";

/** The map of a sparse file: where the bytes that the archive holds belong, and how long the file is with its holes. */
export interface SparseMap {
  readonly size: number;
  /** Offset and length by turns, as recorded. */
  readonly numbers: readonly number[];
}

/** What the PAX forms say; form 1.0 has its map in the body, in front of the data. */
export type PaxSparse = Readonly<
  { name: ByteString | undefined } & (
    | { kind: "mapped"; map: SparseMap }
    | { kind: "map-in-body"; size: number }
  )
>;

/**
 * Old GNU form, typeflag `S` (GNU tar, "Storing Sparse Files"; tar.h, `oldgnu_header`): four regions in the header,
 * the file's size, and a mark that extension blocks follow.
 *
 * @throws {TarError} TAR_SPARSE.
 */
export function parseOldSparseHeader(
  block: Buffer,
  fail: TarFail,
): { readonly map: SparseMap; readonly extended: boolean } {
  const size = sparseNumber(parseNumberField(block, 483, 12), fail);
  return {
    map: { size, numbers: readOldRegions(block, 386, 4, fail) },
    extended: block[482] !== 0,
  };
}

/** One extension block of the old form: 21 regions and the mark that another follows. */
export function parseSparseExtension(
  block: Buffer,
  fail: TarFail,
): { readonly numbers: readonly number[]; readonly extended: boolean } {
  return { numbers: readOldRegions(block, 0, 21, fail), extended: block[504] !== 0 };
}

function readOldRegions(block: Buffer, start: number, count: number, fail: TarFail): number[] {
  const numbers: number[] = [];
  for (let at = start; at < start + count * 24; at += 24) {
    // An unused slot is all NULs, and none after it is used.
    if (block[at] === 0) break;
    numbers.push(sparseNumber(parseNumberField(block, at, 12), fail));
    numbers.push(sparseNumber(parseNumberField(block, at + 12, 12), fail));
  }
  return numbers;
}

/**
 * PAX forms 0.0 (offset and numbytes repeated), 0.1 (one list) and 1.0 (GNU tar, "Storing Sparse Files").
 * `undefined`: the records say nothing of a sparse file.
 *
 * @throws {TarError} TAR_SPARSE, also for a form that is not known.
 */
export function paxSparse({ sparse }: PaxAttributes, fail: TarFail): PaxSparse | undefined {
  if (sparse.size === 0) return undefined;
  const one = (key: string): ByteString | undefined => sparse.get(key)?.at(-1);
  const number = (key: string): number => sparseNumber(parseDecimal(one(key) ?? ""), fail);
  const name = one("name");
  if (one("major") !== undefined || one("minor") !== undefined) {
    if (one("major") === "1" && one("minor") === "0")
      return { kind: "map-in-body", name, size: number("realsize") };
    if (one("major") !== "0") throw fail("TAR_SPARSE", "the sparse file is in a form that is not known");
  }
  const list = one("map");
  const texts = list === undefined ? alternate(sparse, fail) : list === "" ? [] : list.split(",");
  const numbers = texts.map((text) => sparseNumber(parseDecimal(text), fail));
  if (numbers.length !== 2 * number("numblocks"))
    throw fail("TAR_SPARSE", "the sparse map is not as long as it says");
  return { kind: "mapped", name, map: { size: number("size"), numbers } };
}

function alternate(sparse: PaxAttributes["sparse"], fail: TarFail): string[] {
  const offsets = sparse.get("offset") ?? [];
  const lengths = sparse.get("numbytes") ?? [];
  if (offsets.length !== lengths.length)
    throw fail("TAR_SPARSE", "the sparse map has not one length for each offset");
  return offsets.flatMap((offset, index) => [offset, lengths[index] ?? ""]);
}

/**
 * Reads the map of form 1.0, decimal numbers, one a line, the count of regions first, padded to whole blocks: give it
 * block after block until it answers with the numbers.
 *
 * @throws {TarError} TAR_SPARSE.
 */
export function createSparseMapReader(fail: TarFail): (block: Buffer) => readonly number[] | undefined {
  const numbers: number[] = [];
  let expected: number | undefined;
  let rest = "";
  return (block) => {
    const lines = (rest + block.toString("latin1", 0, blockBytes)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const number = sparseNumber(parseDecimal(line), fail);
      if (expected === undefined) expected = 2 * number;
      else numbers.push(number);
      if (numbers.length === expected) return numbers;
    }
    return undefined;
  };
}

/**
 * Checks a map against the bytes that the archive holds for it, and gives its regions as image writers want them: none
 * empty, none touching the one before. `undefined`: there is no hole.
 *
 * @throws {TarError} TAR_SPARSE if regions overlap, are out of order, or do not add up.
 */
export function dataRegions(
  { size, numbers }: SparseMap,
  storedBytes: number,
  fail: TarFail,
): readonly DataRegion[] | undefined {
  const regions: { offset: number; length: number }[] = [];
  let end = 0;
  let stored = 0;
  for (let index = 0; index < numbers.length; index += 2) {
    const [offset = 0, length = 0] = [numbers[index], numbers[index + 1]];
    if (offset < end || offset + length > size)
      throw fail("TAR_SPARSE", "the sparse map's regions overlap or reach beyond the file");
    end = offset + length;
    stored += length;
    if (length === 0) continue;
    const last = regions.at(-1);
    if (last !== undefined && last.offset + last.length === offset) last.length += length;
    else regions.push({ offset, length });
  }
  if (stored !== storedBytes)
    throw fail("TAR_SPARSE", `the sparse map is of ${stored} bytes, the archive holds ${storedBytes}`);
  return stored === size ? undefined : regions;
}

function sparseNumber(value: number | undefined, fail: TarFail): number {
  if (value === undefined || value < 0 || value > 2 ** 52)
    throw fail("TAR_SPARSE", "a number of the sparse map is malformed or out of range");
  return value;
}
