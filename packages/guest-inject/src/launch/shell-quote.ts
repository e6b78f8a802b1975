/**
 * One word of a POSIX shell's command line that stands for exactly this text (Shell Command Language, "Single-Quotes").
 * The text has no NUL: no argument can hold one.
 */
export function shellQuote(text: string): string {
  return /^[\w%+,./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A script that becomes this command; an option and its value share a line. */
export function shellScript(command: readonly string[]): string {
  const words = command.map((word) => shellQuote(word));
  const lines: string[] = [];
  for (const word of words) {
    const isOption = word.startsWith("-");
    if (lines.length === 0 || isOption) lines.push(word);
    else lines.push(`${lines.pop() ?? ""} ${word}`);
  }
  return `#!/bin/sh\nexec ${lines.join(" \\\n  ")}\n`;
}
