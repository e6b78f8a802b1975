const milliseconds = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `10m`, `24h`, `7d`, or a number of seconds, as milliseconds. */
export function parseDuration(text: string): number {
  const [, digits, unit = "s"] = /^(\d{1,9})([smhd])?$/.exec(text) ?? [];
  if (digits === undefined)
    throw new SyntaxError(`${JSON.stringify(text)} is not a number of seconds, or one such as 10m, 24h, 7d`);
  return Number(digits) * milliseconds[unit as keyof typeof milliseconds];
}
