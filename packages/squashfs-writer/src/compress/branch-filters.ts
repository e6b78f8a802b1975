/**
 * The branch filters of .xz (xz-file-format.txt 5.3.2): relative targets of calls become absolute, so that calls of one function look
 * alike. Each changes the bytes in place; the reader undoes it. Positions count from the block's start.
 */
import type { XzFilter } from "../options.ts";

export interface BranchFilter {
  /** In a block header of .xz. */
  readonly xzId: number;
  /** In the image's options: SQUASHFS_XZ_X86 and so on. */
  readonly squashfsFlag: number;
  readonly apply: (bytes: Buffer) => void;
}

export const branchFilters: Readonly<Record<XzFilter, BranchFilter>> = {
  x86: { xzId: 4, squashfsFlag: 1, apply: filterX86 },
  powerpc: { xzId: 5, squashfsFlag: 2, apply: filterPowerPc },
  ia64: { xzId: 6, squashfsFlag: 4, apply: filterIa64 },
  arm: { xzId: 7, squashfsFlag: 8, apply: filterArm },
  armthumb: { xzId: 8, squashfsFlag: 0x10, apply: filterArmThumb },
  sparc: { xzId: 9, squashfsFlag: 0x20, apply: filterSparc },
};

/**
 * CALL and JMP with a 32-bit displacement whose highest byte is 0 or 0xff. `recent` marks, four bits up for each byte since, where
 * opcodes stood that were left alone: their displacements may overlap this one, and the reader must come to the same decision.
 */
function filterX86(bytes: Buffer): void {
  /** By the marks' place: which byte of the sum an earlier opcode would look at. */
  const overlapByte = [0, 1, 2, 2, 3];
  let recent = 0;
  let lastOpcode = -5;
  const last = bytes.length - 5;
  for (let at = 0; ;) {
    // Nearly all bytes are passed over here; a method call for each would take as long as the probe of the block.
    while (at <= last && ((bytes[at] ?? 0) & 0xfe) !== 0xe8) at++;
    if (at > last) return;
    const distance = at - lastOpcode;
    lastOpcode = at;
    if (distance > 5) recent = 0;
    else for (let step = 0; step < distance; step++) recent = (recent & 0x77) << 1;
    const signByte = bytes.readUInt8(at + 4);
    if (!isSignByte(signByte) || recent >> 1 > 4 || recent >> 1 === 3) {
      recent |= isSignByte(signByte) ? 0x11 : 1;
      at++;
      continue;
    }
    let target = (bytes.readUInt32LE(at + 1) + at + 5) >>> 0;
    if (recent !== 0) {
      const shift = 24 - (overlapByte[recent >> 1] ?? 0) * 8;
      while (isSignByte((target >>> shift) & 0xff))
        target = ((target ^ (2 ** (shift + 8) - 1)) + at + 5) >>> 0;
    }
    bytes.writeUIntLE(target & 0xffffff, at + 1, 3);
    bytes.writeUInt8((target >>> 24) & 1 ? 0xff : 0, at + 4);
    recent = 0;
    at += 5;
  }
}

function isSignByte(byte: number): boolean {
  return byte === 0 || byte === 0xff;
}

/** `bl`, 26 bits of displacement. */
function filterPowerPc(bytes: Buffer): void {
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const instruction = bytes.readUInt32BE(at);
    if (instruction >>> 26 !== 0x12 || (instruction & 3) !== 1) continue;
    const target = (instruction & 0x3fffffc) + at;
    bytes.writeUInt32BE(0x48000001 + (target & 0x3fffffc), at);
  }
}

/** Which of a bundle's three slots hold branches, by the bundle's template. */
const ia64BranchSlots = Array.from("00000000000000004466007744004400", Number);

/** `br.call` with 21 bits of displacement in 16-byte bundles. */
function filterIa64(bytes: Buffer): void {
  const addressBits = (0x8fffffn << 13n) & 0xffffffffffffn;
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    const slots = ia64BranchSlots[bytes.readUInt8(at) & 0x1f] ?? 0;
    for (let slot = 0; slot < 3; slot++) {
      if (((slots >> slot) & 1) === 0) continue;
      const bit = 5 + 41 * slot;
      const byte = at + (bit >> 3);
      const shift = BigInt(bit & 7);
      const six = BigInt(bytes.readUIntLE(byte, 6));
      const instruction = six >> shift;
      if (((instruction >> 37n) & 0xfn) !== 5n || ((instruction >> 9n) & 7n) !== 0n) continue;
      const displacement = ((instruction >> 13n) & 0xfffffn) | (((instruction >> 36n) & 1n) << 20n);
      const target = displacement + BigInt(at >> 4);
      const changed =
        (instruction & ~addressBits) | ((target & 0xfffffn) << 13n) | ((target & 0x100000n) << 16n);
      bytes.writeUIntLE(Number((six & ((1n << shift) - 1n)) | (changed << shift)), byte, 6);
    }
  }
}

/** `bl` under every condition, 24 bits of displacement in words. */
function filterArm(bytes: Buffer): void {
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    if (bytes.readUInt8(at + 3) !== 0xeb) continue;
    const target = bytes.readUIntLE(at, 3) + ((at + 8) >> 2);
    bytes.writeUIntLE(target & 0xffffff, at, 3);
  }
}

/** The pair of half-words that make `bl`, 22 bits of displacement in half-words. */
function filterArmThumb(bytes: Buffer): void {
  for (let at = 0; at + 4 <= bytes.length; at += 2) {
    const high = bytes.readUInt16LE(at);
    const low = bytes.readUInt16LE(at + 2);
    if (high >> 11 !== 0x1e || low >> 11 !== 0x1f) continue;
    const target = (((high & 0x7ff) << 11) | (low & 0x7ff)) + ((at + 4) >> 1);
    bytes.writeUInt16LE(0xf000 | ((target >> 11) & 0x7ff), at);
    bytes.writeUInt16LE(0xf800 | (target & 0x7ff), at + 2);
    at += 2;
  }
}

/** `call`, whose 30 bits of displacement in words are a sign-extended 23. */
function filterSparc(bytes: Buffer): void {
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const instruction = bytes.readUInt32BE(at);
    if (instruction >>> 22 !== 0x100 && instruction >>> 22 !== 0x1ff) continue;
    const target = ((instruction << 2) + at) >>> 2;
    const sign = target & 0x400000 ? 0x3fc00000 : 0;
    bytes.writeUInt32BE((0x40000000 | sign | (target & 0x3fffff)) >>> 0, at);
  }
}
