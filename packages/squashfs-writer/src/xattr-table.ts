import { createHash } from "node:crypto";
import type { BlockCompressor } from "./compress/compressor.ts";
import {
  encodeXattrName,
  encodeXattrSet,
  encodeXattrTableHeader,
  encodeXattrValue,
  encodeXattrValueReference,
  outOfLineSize,
  xattrSetSize,
} from "./format/xattr.ts";
import { absentTable } from "./format/superblock.ts";
import type { MetadataReference } from "./format/metadata-chunk.ts";
import { writeLookupTable, type TableOutput } from "./lookup-table.ts";
import { createMetadataTable, type MetadataTable } from "./metadata-table.ts";
import type { XattrPair } from "./xattr-pairs.ts";

/** Sets of extended attributes: nodes with equal ones share a set. */
export interface XattrTable {
  /** The index of a set, which must not be empty; a new one is added. */
  indexOf(pairs: readonly XattrPair[]): number;
  readonly count: number;
  /** Writes all sets; answers what the superblock points at. */
  write(compressor: BlockCompressor | undefined, output: TableOutput): Promise<number>;
}

export function createXattrTable(): XattrTable {
  const indexes = new Map<string, number>();
  const sets: (readonly XattrPair[])[] = [];
  return {
    indexOf(pairs) {
      const key = keyOf(pairs);
      const known = indexes.get(key);
      if (known !== undefined) return known;
      indexes.set(key, sets.length);
      return sets.push(pairs) - 1;
    },
    get count() {
      return sets.length;
    },
    write: (compressor, output) => writeSets(sets, compressor, output),
  };
}

function keyOf(pairs: readonly XattrPair[]): string {
  const digest = createHash("sha256");
  for (const { name, value } of pairs) {
    digest.update(encodeXattrName(name, false));
    digest.update(encodeXattrValue(value));
  }
  return digest.digest("base64");
}

async function writeSets(
  sets: readonly (readonly XattrPair[])[],
  compressor: BlockCompressor | undefined,
  output: TableOutput,
): Promise<number> {
  // An image whose table has no sets would not mount.
  if (sets.length === 0) return absentTable;
  const pairsStart = output.position();
  const emit = (bytes: Uint8Array): void => {
    output.append(bytes);
  };
  const table = createMetadataTable("extended attributes", { compressor, emit });
  const appendPair = pairAppender(table);
  const records = Buffer.alloc(sets.length * xattrSetSize);
  for (const [index, pairs] of sets.entries()) {
    encodeXattrSet(records, index, {
      pairs: table.reference(),
      count: pairs.length,
      size: pairs.reduce((sum, { fullName, value }) => sum + fullName.length + 1 + value.length, 0),
    });
    for (const pair of pairs) await appendPair(pair);
  }
  await table.finish();
  return await writeLookupTable(records, compressor, output, encodeXattrTableHeader(pairsStart, sets.length));
}

/** Writes pairs; a value that was there before becomes a reference to it, where that is shorter. */
function pairAppender(table: MetadataTable): (pair: XattrPair) => Promise<void> {
  const written = new Map<string, MetadataReference>();
  return async ({ name, value }) => {
    const key =
      value.length > outOfLineSize ? createHash("sha256").update(value).digest("base64") : undefined;
    const earlier = key === undefined ? undefined : written.get(key);
    await table.append(encodeXattrName(name, earlier !== undefined));
    if (earlier !== undefined) {
      await table.append(encodeXattrValueReference(earlier));
      return;
    }
    if (key !== undefined) written.set(key, table.reference());
    await table.append(encodeXattrValue(value));
  };
}
