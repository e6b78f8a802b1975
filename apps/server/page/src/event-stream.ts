/** An event of a stream (HTML, "Server-sent events"); `id` is the last one sent so far. */
export interface StreamEvent {
  readonly id: string;
  readonly kind: string;
  readonly data: string;
}

/** Reads events as the standard says: fields by line, an event at each empty line, an unfinished one at the end dropped. */
export async function* readEventStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  let [id, kind] = ["", ""];
  let data: string[] = [];
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    // A CR at the very end may be the first half of a CRLF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) yield { id, kind: kind || "message", data: data.join("\n") };
        [kind, data] = ["", []];
        continue;
      }
      const [, field = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (field === "data") data.push(value);
      else if (field === "event") kind = value;
      else if (field === "id") id = value;
    }
  }
}
