/** CRC-32C (Castagnoli, reflected), eight bytes a step with eight tables ("slicing-by-8", Kounavis and Berry). */
const polynomial = 0x82f63b78;

/** `table[byte]`: what one byte, followed by so many zero bytes, makes of a checksum. */
const t0 = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  return crc;
});
const t1 = afterZeroByte(t0);
const t2 = afterZeroByte(t1);
const t3 = afterZeroByte(t2);
const t4 = afterZeroByte(t3);
const t5 = afterZeroByte(t4);
const t6 = afterZeroByte(t5);
const t7 = afterZeroByte(t6);

function afterZeroByte(table: Int32Array): Int32Array {
  return table.map((crc) => (crc >>> 8) ^ (t0[crc & 0xff] ?? 0));
}

/** What ext4 starts every checksum with. */
export const crc32cStart = 0xffff_ffff;

/**
 * Continues `crc` over bytes `start` to `end`. As in ext4 there is no inversion, neither before nor after, so results
 * chain: `crc32c(crc32c(s, a), b)` is the checksum of a and b. Returns 0 to 2^32 - 1.
 */
export function crc32c(crc: number, bytes: Buffer, start = 0, end: number = bytes.length): number {
  let value = crc | 0;
  let at = start;
  for (const stop = end - 7; at < stop; at += 8) {
    const low = value ^ bytes.readInt32LE(at);
    const high = bytes.readInt32LE(at + 4);
    value =
      (t7[low & 0xff] ?? 0) ^
      (t6[(low >>> 8) & 0xff] ?? 0) ^
      (t5[(low >>> 16) & 0xff] ?? 0) ^
      (t4[low >>> 24] ?? 0) ^
      (t3[high & 0xff] ?? 0) ^
      (t2[(high >>> 8) & 0xff] ?? 0) ^
      (t1[(high >>> 16) & 0xff] ?? 0) ^
      (t0[high >>> 24] ?? 0);
  }
  for (; at < end; at++) value = (value >>> 8) ^ (t0[(value ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return value >>> 0;
}
