/**
 * Names, link targets and xattr names are bytes on disk and in tar, in no encoding. Inside bootlayer they are strings
 * with one character per byte (U+0000 to U+00FF), so that they compare, hash and serve as Map keys exactly; UTF-8
 * appears only where a person reads or types.
 */
declare const byteStringBrand: unique symbol;
export type ByteString = string & { readonly [byteStringBrand]: true };

/** The bytes of a text that a person typed or that a document holds, in UTF-8. */
export function byteString(text: string): ByteString {
  return isAscii(text) ? (text as ByteString) : byteStringOf(Buffer.from(text, "utf8"));
}

/** Takes bytes as they are. */
export function byteStringOf(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1") as ByteString;
}

/** The bytes, one for each character. */
export function bytesOf(name: ByteString): Uint8Array {
  return Buffer.from(name, "latin1");
}

/** Byte order, unsigned: what squashfs directories and deterministic listings are sorted by. */
export function compareByteStrings(a: ByteString, b: ByteString): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * For a person's eyes: UTF-8 where the bytes are valid UTF-8; the bytes of control characters, format characters and
 * backslashes, and all bytes over 0x7e where they are not UTF-8, as `\xNN`. So no name can forge a line of output or an
 * escape sequence, and no two names look alike to a program.
 */
export function displayText(name: ByteString): string {
  const bytes = Buffer.from(name, "latin1");
  const text = bytes.toString("utf8");
  const isUtf8 = Buffer.from(text, "utf8").equals(bytes);
  if (isUtf8)
    return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/gu, (character) => escapeBytes(character, "utf8"));
  return name.replace(/[^\x20-\x5b\x5d-\x7e]/g, (character) => escapeBytes(character, "latin1"));
}

/** The same of a path from the root, without a leading slash: the root's is empty. */
export function displayPath(path: ByteString): string {
  return `/${displayText(path)}`;
}

function escapeBytes(character: string, encoding: "utf8" | "latin1"): string {
  return [...Buffer.from(character, encoding)]
    .map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`)
    .join("");
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}
