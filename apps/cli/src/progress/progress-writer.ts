import type { BuildEvent } from "@bootlayer/image-builder";
import type { TextStream } from "../context.ts";
import { jsonProgress } from "./json.ts";
import { plainProgress } from "./plain.ts";
import type { ProgressMode } from "./modes.ts";
import { ttyProgress } from "./tty.ts";

/** Shows events as they come; `close` leaves the stream ready for other output. */
export interface ProgressWriter {
  report(event: BuildEvent): void;
  close(): void;
}

/** `auto` is tty on a terminal and plain elsewhere. */
export function progressWriter(mode: ProgressMode, stream: TextStream): ProgressWriter {
  switch (mode) {
    case "auto":
      return stream.isTTY ? ttyProgress(stream) : plainProgress(stream);
    case "tty":
      return ttyProgress(stream);
    case "plain":
      return plainProgress(stream);
    case "json":
      return jsonProgress(stream);
    case "none":
      return { report() {}, close() {} };
  }
}
