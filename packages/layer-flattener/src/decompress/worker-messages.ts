import { isBootlayerError } from "@bootlayer/errors";
import { ImageSpecError, type ImageSpecErrorCode } from "@bootlayer/image-spec";
import { FlattenError, flattenError, type FlattenErrorCode } from "../errors.ts";
import type { UnpackRequest } from "./unpack-layer.ts";

/** Shared memory of one thread: slots that the main thread fills with the blob, then slots that the worker fills. */
export interface SlotMemory {
  readonly memory: SharedArrayBuffer;
  readonly slotBytes: number;
  readonly inputSlots: number;
  readonly outputSlots: number;
}

export interface FilledSlot {
  readonly slot: number;
  readonly length: number;
}

/** One layer after another: `unpack`, its input, its end. */
export type ToWorker = Readonly<
  | { kind: "unpack"; request: UnpackRequest }
  | ({ kind: "input" } & FilledSlot)
  | { kind: "input-end" }
  | { kind: "output-free"; slot: number }
>;

export type FromWorker = Readonly<
  | { kind: "input-free"; slot: number }
  | ({ kind: "output" } & FilledSlot)
  | { kind: "done" }
  | { kind: "failed"; error: PortableError }
>;

/** An error as it passes between threads: cloning would lose its class, code and hint. */
export interface PortableError {
  readonly type: "image-spec" | "flatten" | "other";
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export function packError(error: unknown): PortableError {
  if (!isBootlayerError(error))
    return {
      type: "other",
      code: "",
      message: error instanceof Error ? error.message : String(error),
      hint: "",
    };
  const { code, message, hint } = error;
  return { type: error instanceof ImageSpecError ? "image-spec" : "flatten", code, message, hint };
}

/** The inverse of `packError`; the codes are those that `unpackLayer` throws. */
export function unpackError({ type, code, message, hint }: PortableError): Error {
  if (type === "image-spec") return new ImageSpecError(code as ImageSpecErrorCode, message, hint);
  if (type === "flatten") return new FlattenError(code as FlattenErrorCode, message, hint);
  return flattenError("FLATTEN_WORKER", `a decompression thread failed: ${message}`);
}

/** The memory of a slot: inputs come first. */
export function slotView(
  { memory, slotBytes }: SlotMemory,
  index: number,
  length: number = slotBytes,
): Buffer {
  return Buffer.from(memory, index * slotBytes, length);
}
