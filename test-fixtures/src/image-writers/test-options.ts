import * as fc from "fast-check";
import { expect, test } from "vitest";

export interface OptionsUnderTest {
  readonly check: (options: Readonly<Record<string, unknown>>) => unknown;
  /** Names of all options. */
  readonly names: readonly string[];
  /** Of the one error that options may have. */
  readonly code: string;
}

/** What is asked of every check of options, as a test of the file that calls this. */
export function testOptions({ check, names, code }: OptionsUnderTest): void {
  const values = fc.anything({ withNullPrototype: true, withBigInt: true });
  test("whatever the options are, they are taken or refused with a code", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), values), (options) => {
        expect([undefined, code]).toContain(codeOf(() => check(options)));
      }),
    );
  });
}

/** Code of the error that `call` throws, or what it throws instead; `undefined` if nothing. */
function codeOf(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : `no code: ${String(error)}`;
  }
}
