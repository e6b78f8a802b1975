/** signal(7), with the numbers of amd64 and arm64. */
const numbers: ReadonlyMap<string, number> = new Map([
  ["HUP", 1],
  ["INT", 2],
  ["QUIT", 3],
  ["ILL", 4],
  ["TRAP", 5],
  ["ABRT", 6],
  ["IOT", 6],
  ["BUS", 7],
  ["FPE", 8],
  ["KILL", 9],
  ["USR1", 10],
  ["SEGV", 11],
  ["USR2", 12],
  ["PIPE", 13],
  ["ALRM", 14],
  ["TERM", 15],
  ["STKFLT", 16],
  ["CHLD", 17],
  ["CLD", 17],
  ["CONT", 18],
  ["STOP", 19],
  ["TSTP", 20],
  ["TTIN", 21],
  ["TTOU", 22],
  ["URG", 23],
  ["XCPU", 24],
  ["XFSZ", 25],
  ["VTALRM", 26],
  ["PROF", 27],
  ["WINCH", 28],
  ["IO", 29],
  ["POLL", 29],
  ["PWR", 30],
  ["SYS", 31],
  ["UNUSED", 31],
]);

/** As a C library shows them: the kernel's 32 and 33 are its own. */
const realTime = { min: 34, max: 64 };

/**
 * The number of a StopSignal (image-spec config.md): a number from 1 to 64, or a name with or without SIG in any case, real-time
 * ones as `RTMIN`, `RTMIN+3`, `RTMAX-1`. Undefined for anything else.
 */
export function parseSignal(text: string): number | undefined {
  if (/^\d{1,3}$/.test(text)) {
    const number = Number(text);
    return number >= 1 && number <= realTime.max ? number : undefined;
  }
  const name = text.toUpperCase().replace(/^SIG/, "");
  const [, base, offset = "0"] = /^(RTMIN(?=$|\+)|RTMAX(?=$|-))(?:[+-](\d{1,2}))?$/.exec(name) ?? [];
  if (base === undefined) return numbers.get(name);
  const number = base === "RTMIN" ? realTime.min + Number(offset) : realTime.max - Number(offset);
  return number >= realTime.min && number <= realTime.max ? number : undefined;
}
