import { SquashfsError } from "./errors.ts";

/** Owners and groups, of 32 bits each; inodes name them by an index of 16 bits. */
export interface IdTable {
  /**
   * The index of a uid or gid; new ones are added.
   *
   * @throws {SquashfsError} SQUASHFS_TOO_MANY_IDS
   */
  indexOf(id: number): number;
  readonly count: number;
  encode(): Buffer;
}

/** The superblock's count has 16 bits. */
const maxIds = 65_535;

export function createIdTable(): IdTable {
  const indexes = new Map<number, number>();
  return {
    indexOf(id) {
      const known = indexes.get(id);
      if (known !== undefined) return known;
      const index = indexes.size;
      if (index === maxIds)
        throw new SquashfsError(
          "SQUASHFS_TOO_MANY_IDS",
          `the tree has more than ${maxIds} owners and groups, which squashfs cannot hold`,
          "let fewer users and groups own the files",
        );
      indexes.set(id, index);
      return index;
    },
    get count() {
      return indexes.size;
    },
    encode() {
      const table = Buffer.alloc(indexes.size * 4);
      for (const [id, index] of indexes) table.writeUInt32LE(id, index * 4);
      return table;
    },
  };
}
