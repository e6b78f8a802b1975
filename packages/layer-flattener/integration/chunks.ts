/** Bytes in chunks of one length, whose memory is overwritten once the next is asked for. */
export async function* inChunks(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) {
    const chunk = Uint8Array.from(bytes.subarray(at, at + length));
    yield chunk;
    chunk.fill(0xee);
  }
}

/** All chunks as one, each copied before the next is asked for. */
export async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const chunk of chunks) pieces.push(Buffer.from(chunk));
  return Buffer.concat(pieces);
}
