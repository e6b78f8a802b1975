/** One field of a record (init/init-conf.md): any bytes as printable ASCII without spaces. */
export function escapeField(bytes: Uint8Array): string {
  if (bytes.length === 0) return String.raw`\e`;
  let text = "";
  for (const byte of bytes)
    text +=
      byte < 0x21 || byte > 0x7e || byte === 0x5c
        ? String.raw`\x${byte.toString(16).padStart(2, "0")}`
        : String.fromCodePoint(byte);
  return text;
}
