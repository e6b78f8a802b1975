/**
 * Which blocks hold what: for every span (a file's content, a directory, a long symlink, the journal) its extents, in
 * typed arrays, so that a million files cost a few numbers each and no objects.
 */
export interface ExtentTable {
  /** Starts the next span, whose number it answers; `append` then adds to it. */
  begin(): number;
  /** Adds blocks to the span under way, behind all that it has. */
  append(logical: number, physical: number, length: number): void;
  /** How many spans there are. */
  spans(): number;
  /** Index of the span's first extent, to be used with the three below; `first(span + 1)` is one past its last. */
  first(span: number): number;
  logical(extent: number): number;
  physical(extent: number): number;
  length(extent: number): number;
  /** Blocks that the span occupies, its holes not counted. */
  blocks(span: number): number;
}

/** Length of an initialised extent (ext4 documentation, "Extent Tree": ee_len). */
export const maxExtentBlocks = 32_768;

export function createExtentTable(): ExtentTable {
  let spanStarts = new Uint32Array(1024);
  let logicals = new Uint32Array(1024);
  let physicals = new Uint32Array(1024);
  let lengths = new Uint32Array(1024);
  let spans = 0;
  let extents = 0;

  const first = (span: number): number => (span < spans ? (spanStarts[span] ?? 0) : extents);

  function push(logical: number, physical: number, length: number): void {
    if (extents === logicals.length) {
      logicals = doubled(logicals);
      physicals = doubled(physicals);
      lengths = doubled(lengths);
    }
    logicals[extents] = logical;
    physicals[extents] = physical;
    lengths[extents] = length;
    extents++;
  }

  /** Lengthens the last extent where the new blocks follow it in the file and on disk; answers by how much. */
  function merge(logical: number, physical: number, length: number): number {
    const last = extents - 1;
    if (last < first(spans - 1)) return 0;
    const has = lengths[last] ?? 0;
    if ((logicals[last] ?? 0) + has !== logical || (physicals[last] ?? 0) + has !== physical) return 0;
    const more = Math.min(length, maxExtentBlocks - has);
    lengths[last] = has + more;
    return more;
  }

  return {
    begin() {
      if (spans === spanStarts.length) spanStarts = doubled(spanStarts);
      spanStarts[spans] = extents;
      return spans++;
    },
    append(logical, physical, length) {
      for (let done = merge(logical, physical, length); done < length;) {
        const part = Math.min(length - done, maxExtentBlocks);
        push(logical + done, physical + done, part);
        done += part;
      }
    },
    spans: () => spans,
    first,
    logical: (extent) => logicals[extent] ?? 0,
    physical: (extent) => physicals[extent] ?? 0,
    length: (extent) => lengths[extent] ?? 0,
    blocks(span) {
      let sum = 0;
      for (let extent = first(span); extent < first(span + 1); extent++) sum += lengths[extent] ?? 0;
      return sum;
    },
  };
}

function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
