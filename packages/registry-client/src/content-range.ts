/** `Content-Range: bytes first-last/total` (RFC 9110, 14.4); undefined for every other form. */
export interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly total: number;
}

export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const [, first, last, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(value?.trim() ?? "") ?? [];
  if (first === undefined || last === undefined || total === undefined) return undefined;
  return { first: Number(first), last: Number(last), total: Number(total) };
}
