/** A part of one zstd frame: a view into the chunk it came in. */
export interface FramePart {
  readonly bytes: Uint8Array;
  /** Whether the frame ends with them. */
  readonly endsFrame: boolean;
}

export interface FrameWalker {
  /** The frames' parts in the next chunk; skippable frames are left out. */
  walk(chunk: Uint8Array): readonly FramePart[];
  /** @throws {Error} if a frame is not whole. */
  end(): void;
}

/** What is read next. The bytes of all but `body` and `skip` are looked at. */
type Step =
  | { readonly kind: "magic" | "skip-size" | "skip" | "descriptor" | "header" | "block" }
  | { readonly kind: "body"; readonly last: boolean }
  | { readonly kind: "checksum" };

const frameMagic = 0xfd2fb528;
const frameMagicBytes: Uint8Array = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd);
const skippableMagic = 0x184d2a5;
const dictionaryIdBytes = [0, 1, 2, 4] as const;
const contentSizeBytes = [0, 2, 4, 8] as const;

/**
 * Finds where frames begin and end by their headers and block sizes alone (RFC 8878, 3.1): Node's decoder loses what
 * follows a frame within one write, so each write must end where its frame does.
 *
 * @throws {Error} from `walk` for bytes that are no frame, and for a window over `maxWindowBytes`.
 */
export function createFrameWalker(maxWindowBytes: number): FrameWalker {
  const field = new DataView(new ArrayBuffer(16));
  let step: Step = { kind: "magic" };
  let wanted = 4;
  let collected = 0;
  let descriptor = 0;

  function next(following: Step, bytes: number): void {
    step = following;
    wanted = bytes;
    collected = 0;
  }

  function startBlockOrEnd(afterLast: boolean): void {
    if (!afterLast) next({ kind: "block" }, 3);
    else if ((descriptor & 0x04) === 0) next({ kind: "magic" }, 4);
    else next({ kind: "checksum" }, 4);
  }

  /** Acts on what was just read to its end, and says what to read next. */
  function decide(): void {
    switch (step.kind) {
      case "magic": {
        const magic = field.getUint32(0, true);
        if (magic >>> 4 === skippableMagic) next({ kind: "skip-size" }, 4);
        else if (magic === frameMagic) next({ kind: "descriptor" }, 1);
        else throw new Error("bytes that are no zstd frame stand where one should begin");
        break;
      }
      case "skip-size":
        next({ kind: "skip" }, field.getUint32(0, true));
        break;
      case "descriptor":
        descriptor = field.getUint8(0);
        next({ kind: "header" }, headerBytes(descriptor));
        break;
      case "header":
        checkHeader(field, descriptor, maxWindowBytes);
        next({ kind: "block" }, 3);
        break;
      case "block": {
        const header = field.getUint16(0, true) | (field.getUint8(2) << 16);
        const isRunLength = ((header >>> 1) & 3) === 1;
        next({ kind: "body", last: (header & 1) === 1 }, isRunLength ? 1 : header >>> 3);
        break;
      }
      case "body":
        startBlockOrEnd(step.last);
        break;
      case "skip":
      case "checksum":
        next({ kind: "magic" }, 4);
    }
  }

  function isInFrame(): boolean {
    return step.kind !== "magic" && step.kind !== "skip-size" && step.kind !== "skip";
  }

  return {
    walk(chunk) {
      const parts: FramePart[] = [];
      let start = 0;
      let at = 0;
      for (;;) {
        const taken = Math.min(wanted - collected, chunk.length - at);
        if (wanted <= field.byteLength && step.kind !== "body" && step.kind !== "skip")
          for (let index = 0; index < taken; index++)
            field.setUint8(collected + index, chunk[at + index] ?? 0);
        at += taken;
        collected += taken;
        if (collected < wanted) break;
        const wasInFrame = isInFrame();
        decide();
        if (wasInFrame && !isInFrame()) parts.push({ bytes: chunk.subarray(start, at), endsFrame: true });
        if (!wasInFrame && isInFrame()) {
          // The magic number may have begun in an earlier chunk.
          if (taken < 4) parts.push({ bytes: frameMagicBytes, endsFrame: false });
          start = taken < 4 ? at : at - 4;
        }
      }
      if (isInFrame() && at > start) parts.push({ bytes: chunk.subarray(start, at), endsFrame: false });
      return parts;
    },
    end() {
      if (step.kind !== "magic" || collected > 0) throw new Error("a zstd frame is cut off");
    },
  };
}

const singleSegment = 0x20;

/** Length of what follows the descriptor (RFC 8878, 3.1.1.1): window, dictionary ID, content size. */
function headerBytes(descriptor: number): number {
  const contentSize = contentSizeBytes[(descriptor >>> 6) as 0 | 1 | 2 | 3];
  return (descriptor & singleSegment) === 0
    ? 1 + dictionaryIdBytes[(descriptor & 3) as 0 | 1 | 2 | 3] + contentSize
    : dictionaryIdBytes[(descriptor & 3) as 0 | 1 | 2 | 3] + Math.max(contentSize, 1);
}

function checkHeader(field: DataView, descriptor: number, maxWindowBytes: number): void {
  if ((descriptor & 0x08) !== 0) throw new Error("a zstd frame sets a reserved bit");
  if ((descriptor & singleSegment) !== 0) return;
  // Window_Descriptor: 2^(10 + exponent), and mantissa eighths of that on top.
  const window = field.getUint8(0);
  const base = 2 ** (10 + (window >>> 3));
  if (base + (base / 8) * (window & 7) > maxWindowBytes)
    throw new Error(`a zstd frame demands a window of over ${maxWindowBytes} bytes`);
}
