import { isBootlayerError } from "@bootlayer/errors";
import type { TextStream } from "../context.ts";
import type { ProgressWriter } from "./progress-writer.ts";

/** One JSON object a line, for programs: the events as they are, errors as code, message and hint. */
export function jsonProgress(stream: TextStream): ProgressWriter {
  return {
    report(event) {
      stream.write(
        `${JSON.stringify(event, (_name, value: unknown) => (isBootlayerError(value) ? { code: value.code, message: value.message, hint: value.hint } : value))}\n`,
      );
    },
    close() {},
  };
}
