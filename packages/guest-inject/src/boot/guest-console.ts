import { byteStringOf, displayText, type ByteString } from "@bootlayer/rootfs-tree";
import { splitLines } from "./console-lines.ts";
import { parseConsoleMark, type ConsoleMark } from "./console-mark.ts";

/** What a guest's console has told so far. */
export interface GuestConsole {
  /** @returns the marks that these bytes completed. */
  take(bytes: Uint8Array): ConsoleMark[];
  /** Nothing has come yet. */
  isSilent(): boolean;
  /** The kernel's reason, once it has given up; without control characters. */
  panic(): string | undefined;
  /** The kernel has stopped and the machine runs on: `halt`, or a panic that it does not reboot from. */
  isStopped(): boolean;
  /** The last lines, without control characters, for a message. */
  lastLines(): string;
}

const maxLineBytes = 4096;
const shownLines = 15;
const shownColumns = 200;

/** `[    1.234567] `, and with CONFIG_PRINTK_CALLER also `[    T1]`. */
const printkPrefix = /^(?:\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?)?/;

export function guestConsole(): GuestConsole {
  const splitter = splitLines(maxLineBytes);
  const tail: string[] = [];
  let isSilent = true;
  let isHalted = false;
  let panic: string | undefined;

  function take(bytes: Uint8Array): ConsoleMark[] {
    if (bytes.length > 0) isSilent = false;
    return splitter.push(bytes).flatMap((line) => {
      // What follows a panic is a stack: what led to it is before.
      if (panic === undefined) tail.push(line);
      if (tail.length > shownLines) tail.shift();
      const message = line.replace(printkPrefix, "");
      const reason = /^Kernel panic - not syncing: (.*)/.exec(message)?.[1];
      if (reason !== undefined) panic ??= shown(reason);
      if (message === "reboot: System halted") isHalted = true;
      const mark = parseConsoleMark(line);
      return mark ? [mark] : [];
    });
  }

  return {
    take,
    isSilent: () => isSilent,
    panic: () => panic,
    isStopped: () => isHalted || panic !== undefined,
    lastLines: () =>
      [...tail, ...(panic === undefined ? [splitter.rest()] : [])]
        .filter((line) => line !== "")
        .map((line) => `  ${shown(line)}`)
        .join("\n"),
  };
}

/** The same for what QEMU itself says on standard error. */
export function shownText(bytes: Uint8Array): string {
  return byteStringOf(bytes)
    .split("\n")
    .filter((line) => line !== "")
    .slice(-shownLines)
    .map((line) => shown(line))
    .join("\n");
}

function shown(line: string): string {
  return displayText(line.slice(0, shownColumns) as ByteString);
}
