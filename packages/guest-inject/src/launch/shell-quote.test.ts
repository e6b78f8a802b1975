import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { shellQuote, shellScript } from "./shell-quote.ts";

test.for([
  ["", "''"],
  ["plain/path-1.2", "plain/path-1.2"],
  ["a b", "'a b'"],
  ["it's", String.raw`'it'\''s'`],
  ["$HOME", "'$HOME'"],
  ["~", "'~'"],
  ["a\nb", "'a\nb'"],
  ["ä", "'ä'"],
] as const)("%j is written %s", ([text, word]) => {
  expect(shellQuote(text)).toBe(word);
});

test("a script is one command, an option and its values on a line", () => {
  expect(shellScript(["qemu", "-m", "256M", "-no-reboot", "-append", "a b"])).toBe(
    "#!/bin/sh\nexec qemu \\\n  -m 256M \\\n  -no-reboot \\\n  -append 'a b'\n",
  );
});

property.prop([fc.string({ unit: "binary" })])(
  "outside of quotes there is nothing that a shell reads",
  (text) => {
    const bare = shellQuote(text)
      .replaceAll(/'[^']*'/g, "")
      .replaceAll(String.raw`\'`, "");
    expect(bare).toMatch(/^[\w%+,./:=@-]*$/);
  },
);
