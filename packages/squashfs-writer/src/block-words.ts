import { SquashfsError } from "./errors.ts";

/** The words of all files' blocks, one file's after another's. Runs of zeros, as in a large hole, take no memory. */
export interface BlockWords {
  /**
   * Makes room for `count` words, zeros at first; answers the first one's index.
   *
   * @throws {SquashfsError} SQUASHFS_TOO_LARGE
   */
  reserve(count: number): number;
  set(index: number, word: number): void;
  list(first: number, count: number): Uint32Array;
  /** Takes back all that was reserved from `first` on. */
  truncate(first: number): void;
}

const chunkWords = 2 ** 14;

/** Half a GiB of an image's metadata: 16 TiB of files in blocks of 128 KiB, holes counted. */
const maxWords = 2 ** 27;

export function createBlockWords(blockSize: number): BlockWords {
  const chunks: (Uint32Array | undefined)[] = [];
  let used = 0;

  return {
    reserve(count) {
      if (used + count > maxWords)
        throw new SquashfsError(
          "SQUASHFS_TOO_LARGE",
          `files of over ${maxWords * blockSize} bytes, holes counted, are more than an image in blocks of ${blockSize} bytes can list`,
          blockSize < 2 ** 20 ? "use larger blocks" : "leave the largest files out",
        );
      used += count;
      return used - count;
    },
    set(index, word) {
      const chunk = Math.floor(index / chunkWords);
      const words = (chunks[chunk] ??= new Uint32Array(chunkWords));
      words[index % chunkWords] = word;
    },
    list(first, count) {
      const words = new Uint32Array(count);
      for (let done = 0; done < count;) {
        const start = (first + done) % chunkWords;
        const length = Math.min(count - done, chunkWords - start);
        const chunk = chunks[Math.floor((first + done) / chunkWords)];
        if (chunk) words.set(chunk.subarray(start, start + length), done);
        done += length;
      }
      return words;
    },
    truncate(first) {
      const chunk = Math.floor(first / chunkWords);
      if (chunks.length > chunk + 1) chunks.length = chunk + 1;
      chunks[chunk]?.fill(0, first % chunkWords);
      used = first;
    },
  };
}
