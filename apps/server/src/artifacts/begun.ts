/**
 * Takes the first piece, an empty one, of a generator. Who asks for a disk and hangs up at once leaves one that nobody has begun, and
 * that would not run its `finally`: what was opened for it would stay open.
 */
export async function begun(pieces: AsyncGenerator<Uint8Array>): Promise<AsyncGenerator<Uint8Array>> {
  await pieces.next();
  return pieces;
}
