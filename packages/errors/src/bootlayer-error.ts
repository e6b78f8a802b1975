/**
 * What every bootlayer package throws. Each package derives one class per subject and closes `Code` over its own
 * codes, so that a `switch` on `error.code` is checked by the compiler. docs/errors.md lists every code.
 */
export class BootlayerError<Code extends string = string> extends Error {
  /** Stable across releases: programs decide by it, never by the message. */
  readonly code: Code;
  /** What a person can do about it: a sentence without a final full stop. */
  readonly hint: string;

  /** `message` names the offending input; `options.cause` keeps what was caught on the way. */
  constructor(code: Code, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.hint = hint;
  }
}

/** True for errors of any bootlayer package, also when two copies of this module are loaded. */
export function isBootlayerError(value: unknown): value is BootlayerError {
  return (
    value instanceof Error &&
    typeof property(value, "code") === "string" &&
    typeof property(value, "hint") === "string"
  );
}

function property(value: object, name: string): unknown {
  return Reflect.get(value, name);
}
