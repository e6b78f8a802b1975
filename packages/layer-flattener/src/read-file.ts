import { abortable } from "./abortable.ts";
import { readAhead } from "./decompress/read-ahead.ts";
import { discardContents } from "./discard-contents.ts";
import type { LayerEntry } from "./layer-entry.ts";
import type { LayerSource } from "./layer-source.ts";
import { memoryContent } from "./memory-content.ts";
import type { ParsedFlattenOptions, ReadFile } from "./options.ts";
import { contentShape, readLayer } from "./read-layer.ts";
import type { ReplayedFile } from "./replay.ts";

const defaultMaxBytes = 2 ** 20;

/** Reads files of a tree: from memory where the walk kept them, else from their layer, which is verified again. */
export function fileReader(
  files: readonly ReplayedFile[],
  remembered: ReadonlyMap<LayerEntry, Uint8Array>,
  layers: readonly LayerSource[],
  options: ParsedFlattenOptions,
): ReadFile {
  return async (node, maxBytes = defaultMaxBytes) => {
    const file = files.find((candidate) => candidate.node === node);
    const source = file === undefined ? undefined : layers[file.layer];
    if (file === undefined || source === undefined || node.size === 0) return new Uint8Array();
    const known = remembered.get(file.entry);
    if (known !== undefined) return known.subarray(0, maxBytes);
    return readFromLayer(source, file.entry.ordinal, maxBytes, options);
  };
}

async function readFromLayer(
  source: LayerSource,
  wanted: number,
  maxBytes: number,
  options: ParsedFlattenOptions,
): Promise<Uint8Array> {
  let content: ReturnType<typeof memoryContent> | undefined;
  const ahead = readAhead([source], { ...options, onBlobBytes: () => {} });
  try {
    await readLayer(abortable(ahead.archive(0), options.signal), {
      name: `layer ${source.descriptor.digest}`,
      limits: options.limits,
      contents: discardContents(),
      onEntry(entry, ordinal) {
        if (ordinal !== wanted || entry.kind !== "file") return undefined;
        content = memoryContent(contentShape(entry), maxBytes);
        return { keep: () => {}, copy: content.write };
      },
    });
  } finally {
    await ahead.close();
  }
  return content?.bytes() ?? new Uint8Array();
}
