import { escapeField } from "../record-field.ts";

/** Lines of `name field …`, as the agent's payloads and init.conf have them (init/init-conf.md, "Records"). */
export interface AgentRecord {
  readonly name: string;
  readonly fields: readonly Uint8Array[];
}

/** A record to be written: text is ASCII. */
export type RecordLine = readonly [name: string, ...fields: (Uint8Array | number)[]];

export function encodeRecords(records: readonly RecordLine[]): Uint8Array {
  const lines = records.map(([name, ...fields]) => [name, ...fields.map(encodeField)].join(" "));
  return Buffer.from(lines.map((line) => `${line}\n`).join(""), "latin1");
}

/** Undefined if the bytes are no records: a line without end, a byte that is not escaped, an escape that is none, or of NUL. */
export function decodeRecords(bytes: Uint8Array): AgentRecord[] | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  if (text !== "" && !text.endsWith("\n")) return undefined;
  const records: AgentRecord[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    const [name = "", ...escaped] = line.split(" ");
    const fields = escaped.map(unescapeField).filter((field) => field !== undefined);
    if (!/^[a-z][a-z-]*$/.test(name) || fields.length < escaped.length) return undefined;
    records.push({ name, fields });
  }
  return records;
}

function encodeField(field: Uint8Array | number): string {
  return typeof field === "number" ? String(field) : escapeField(field);
}

function unescapeField(text: string): Uint8Array | undefined {
  if (text === String.raw`\e`) return new Uint8Array();
  if (!/^(?:[!-[\]-~]|\\x(?!00)[0-9a-f]{2})+$/.test(text)) return undefined;
  const bytes = text.replaceAll(/\\x(..)/g, (_, digits: string) =>
    String.fromCodePoint(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, "latin1");
}
