import type { CliContext } from "./context.ts";

/** What was made and is not all that was asked for, a sentence each, that of its guest apart. */
export interface Warned {
  readonly warnings: readonly string[];
  readonly guest?: { readonly warnings: readonly string[] } | undefined;
}

export function writeWarnings({ process }: CliContext, { warnings, guest }: Warned): void {
  for (const warning of [...warnings, ...(guest?.warnings ?? [])])
    process.stderr.write(`warning: ${warning}\n`);
}
