import { isBootlayerError } from "@bootlayer/errors";
import { flattenError } from "../errors.ts";
import { detectWrapping, magicBytes } from "./detect.ts";
import { gunzip } from "./gzip.ts";
import { oneAhead } from "./one-ahead.ts";
import { unzstd } from "./zstd.ts";

export interface UnwrapOptions {
  /** Names the bytes in errors. */
  readonly name: string;
  /** Memory that a zstd frame may demand of its decoder. */
  readonly maxWindowBytes: number;
}

/**
 * What is inside of gzip or zstd, or the bytes themselves where they are neither; told by the bytes. `wrapped` is read to
 * its end also where it cannot be decompressed, since its source may say then what is wrong with it.
 *
 * @throws {FlattenError} LAYER_COMPRESSION, LAYER_DECOMPRESS. What `wrapped` throws passes through.
 */
export async function* unwrap(
  wrapped: AsyncGenerator<Uint8Array>,
  { name, maxWindowBytes }: UnwrapOptions,
): AsyncGenerator<Uint8Array> {
  // What the source itself throws must not be taken for a fault of the data.
  let blobFault: { readonly cause: unknown } | undefined;
  async function* rest(head: Uint8Array): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      for (let step = await wrapped.next(); step.done !== true; step = await wrapped.next()) yield step.value;
    } catch (cause) {
      blobFault = { cause };
      throw cause;
    }
  }
  const head = await readHead(wrapped);
  const wrapping = detectWrapping(head);
  try {
    if (wrapping === "gzip") yield* gunzip(oneAhead(rest(head)));
    else if (wrapping === "zstd") yield* unzstd(oneAhead(rest(head)), maxWindowBytes);
    else if (wrapping === "none") yield* rest(head);
    else throw flattenError("LAYER_COMPRESSION", `${name} is compressed with ${wrapping}`);
  } catch (cause) {
    // A chunk that was asked for ahead may fail, with the wrong digest, only after the decoder did: so draining comes first.
    await drain(wrapped);
    if (blobFault !== undefined) throw blobFault.cause;
    if (isBootlayerError(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw flattenError("LAYER_DECOMPRESS", `${name} is no sound ${wrapping}: ${reason}`, { cause });
  }
}

/** The first chunks joined until they tell how the blob is wrapped; all of them if there is less. */
async function readHead(chunks: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = Buffer.alloc(0);
  while (head.length < magicBytes) {
    const step = await chunks.next();
    if (step.done === true) break;
    // A chunk is its source's again once the next one is asked for.
    head = Buffer.concat([head, step.value]);
  }
  return head;
}

async function drain(chunks: AsyncGenerator<Uint8Array>): Promise<void> {
  for (let step = await chunks.next(); step.done !== true;) step = await chunks.next();
}
