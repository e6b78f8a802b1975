/**
 * A number in a header field: octal digits among blanks and NULs (POSIX pax, "ustar Interchange Format"), or base 256,
 * big-endian two's complement behind a set top bit (GNU tar, "Basic Tar Format"). An empty field is 0.
 *
 * Gives `undefined` for anything else, and for what a number cannot hold exactly.
 */
export function parseNumberField(block: Uint8Array, offset: number, length: number): number | undefined {
  const first = block[offset] ?? 0;
  return (first & 0x80) === 0
    ? parseOctal(block, offset, offset + length)
    : parseBase256(block, offset, offset + length, first);
}

const blank = 0x20;
const zero = 0x30;
const seven = 0x37;

function parseOctal(block: Uint8Array, start: number, end: number): number | undefined {
  let at = start;
  let stop = end;
  while (at < stop && isPadding(block[at])) at++;
  while (stop > at && isPadding(block[stop - 1])) stop--;
  let value = 0;
  for (; at < stop; at++) {
    const digit = block[at] ?? 0;
    if (digit < zero || digit > seven) return undefined;
    value = value * 8 + (digit - zero);
  }
  return Number.isSafeInteger(value) ? value : undefined;
}

function isPadding(byte: number | undefined): boolean {
  return byte === blank || byte === 0;
}

function parseBase256(block: Uint8Array, start: number, end: number, first: number): number | undefined {
  const negative = (first & 0x40) !== 0;
  const flip = negative ? 0xff : 0;
  let value = (first ^ flip) & 0x3f;
  for (let at = start + 1; at < end; at++) {
    value = value * 256 + ((block[at] ?? 0) ^ flip);
    if (!Number.isSafeInteger(value)) return undefined;
  }
  return negative ? -value - 1 : value;
}

/** Decimal digits and nothing else, as PAX records and sparse maps have them; `undefined` if it is anything else. */
export function parseDecimal(text: string): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
