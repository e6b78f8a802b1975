/** Takes a console's bytes as they come, gives whole lines. */
export interface LineSplitter {
  /** One character for each byte, without the line's end; a line over the limit comes as its beginning. */
  push(bytes: Uint8Array): string[];
  /** What is left without a line's end: empty if nothing is. */
  rest(): string;
}

/** Carriage returns before the line feed belong to the line's end: a serial console adds one, a terminal on it another. */
export function splitLines(maxLineBytes: number): LineSplitter {
  let line = "";

  function add(text: string): void {
    if (line.length < maxLineBytes) line += text.slice(0, maxLineBytes - line.length);
  }

  function push(bytes: Uint8Array): string[] {
    const pieces = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      .toString("latin1")
      .split("\n");
    const last = pieces.pop() ?? "";
    const lines = pieces.map((piece) => {
      add(piece);
      const whole = withoutReturn(line);
      line = "";
      return whole;
    });
    add(last);
    return lines;
  }

  return { push, rest: () => withoutReturn(line) };
}

function withoutReturn(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === "\r") end--;
  return line.slice(0, end);
}
