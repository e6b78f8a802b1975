import type { ByteString } from "@bootlayer/rootfs-tree";

/**
 * The hash of a name in an ext4 directory index: half MD4 with signed characters (Linux fs/ext4/hash.c, DX_HASH_HALF_MD4;
 * the superblock's s_flags says "signed").
 */
export interface NameHash {
  /** Orders the index; its lowest bit is 0, for the index uses it to say that a hash goes on in the next leaf. */
  readonly hash: number;
  /** Orders names with equal `hash`. */
  readonly minor: number;
}

/** Computes hashes under one seed; `seed` is s_hash_seed, 16 bytes. */
export function halfMd4(seed: Buffer): (name: ByteString) => NameHash {
  const start = [0, 4, 8, 12].map((offset) => seed.readInt32LE(offset));
  const isZero = start.every((word) => word === 0);
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = isZero
    ? [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476]
    : start;
  const words = new Int32Array(8);
  const state = new Int32Array(4);
  return (name) => {
    state[0] = s0;
    state[1] = s1;
    state[2] = s2;
    state[3] = s3;
    for (let offset = 0; offset < name.length; offset += 32) {
      packName(name, offset, words);
      transform(state, words);
    }
    const hash = ((state[1] ?? 0) & ~1) >>> 0;
    return { hash: hash === endOfDirectory ? endOfDirectory - 2 : hash, minor: (state[2] ?? 0) >>> 0 };
  };
}

/** The kernel's readdir takes this hash for the end. */
const endOfDirectory = 0xffff_fffe;

/** Up to 32 bytes as eight words, padded with the length of what is left of the name. */
function packName(name: ByteString, offset: number, words: Int32Array): void {
  const length = name.length - offset;
  let pad = length | (length << 8);
  pad |= pad << 16;
  const used = Math.min(length, 32);
  words.fill(pad);
  let word = pad;
  for (let index = 0; index < used; index++) {
    const character = (name.charCodeAt(offset + index) << 24) >> 24;
    word = (character + (word << 8)) | 0;
    words[index >> 2] = word;
    if ((index & 3) === 3) word = pad;
  }
}

const k2 = 0x5a827999;
const k3 = 0x6ed9eba1;

/** Three rounds of eight steps: word order, constant and rotations. */
const rounds = [
  { order: [0, 1, 2, 3, 4, 5, 6, 7], add: 0, rotate: [3, 7, 11, 19] },
  { order: [1, 3, 5, 7, 0, 2, 4, 6], add: k2, rotate: [3, 5, 9, 13] },
  { order: [3, 7, 2, 6, 1, 5, 0, 4], add: k3, rotate: [3, 9, 11, 15] },
] as const;

function transform(state: Int32Array, words: Int32Array): void {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  for (const [round, { order, add, rotate }] of rounds.entries())
    for (let step = 0; step < 8; step++) {
      const mixed = round === 0 ? d ^ (b & (c ^ d)) : round === 1 ? ((b & c) + ((b ^ c) & d)) | 0 : b ^ c ^ d;
      const sum = (a + mixed + (words[order[step] ?? 0] ?? 0) + add) | 0;
      const shift = rotate[step & 3] ?? 0;
      const rotated = (sum << shift) | (sum >>> (32 - shift));
      // The registers turn: what was b is c in the next step.
      a = d;
      d = c;
      c = b;
      b = rotated;
    }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
}
