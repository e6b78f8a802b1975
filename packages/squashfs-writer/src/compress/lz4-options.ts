/**
 * The image's options for lz4, which readers insist on: 1 for the raw block format ("legacy"), then whether the high-compression encoder was
 * used.
 */
export function lz4Options(highCompression: 0 | 1): Uint8Array {
  const options = Buffer.alloc(8);
  options.writeUInt32LE(1, 0);
  options.writeUInt32LE(highCompression, 4);
  return options;
}
