import * as fc from "fast-check";

/** What a random layer does next. Paths and names are bytes as text, one character per byte (latin1). */
export type Operation =
  | { readonly kind: "root"; readonly attributes: RandomAttributes }
  | ({ readonly kind: "directory"; readonly attributes: RandomAttributes } & Place)
  | ({ readonly kind: "file"; readonly content: Uint8Array; readonly attributes: RandomAttributes } & Place)
  | ({
      readonly kind: "sparse-file";
      readonly sparse: RandomSparse;
      readonly attributes: RandomAttributes;
    } & Place)
  | ({ readonly kind: "symlink"; readonly target: string; readonly attributes: RandomAttributes } & Place)
  | ({
      readonly kind: "character-device" | "block-device";
      readonly device: { readonly major: number; readonly minor: number };
      readonly attributes: RandomAttributes;
    } & Place)
  | ({ readonly kind: "fifo"; readonly attributes: RandomAttributes } & Place)
  /** To a name that exists by then: the `choice`th of them. */
  | ({ readonly kind: "hardlink"; readonly choice: number } & Place)
  | ({ readonly kind: "whiteout" } & Place)
  /** The path is the directory's. */
  | ({ readonly kind: "opaque" } & Place);

export interface Place {
  readonly path: string;
  /** How the path is spelled. */
  readonly spelling: "plain" | "dot" | "absolute";
  /** Directories that are missing on the way get entries of their own; otherwise they are implied. */
  readonly namesParents: boolean;
  readonly format: "ustar" | "gnu";
}

export interface RandomAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** As a PAX record has it; whole seconds go into the header. */
  readonly mtime: string;
  readonly userXattr: Uint8Array | undefined;
  readonly trustedXattr: Uint8Array | undefined;
  readonly capability: boolean;
}

export interface RandomSparse {
  readonly version: "0.1" | "1.0";
  readonly parts: readonly { readonly hole: number; readonly data: Uint8Array }[];
  readonly lastHole: number;
}

/** Few names, so that layers meet; of them one that is not UTF-8, one with a newline and one over 100 bytes. */
const name = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("a", "b", "c", "d") },
  { weight: 1, arbitrary: fc.constantFrom("\xff\xe9", "two\nlines", "n".repeat(120)) },
);

const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));

/** Below, beside, above the root, nowhere. */
const SYMLINK_TARGETS = [
  "a",
  "b",
  "c/d",
  "../a",
  "/b",
  "/c/a",
  "../../../../d",
  ".",
  "/",
  "missing/deep",
  "\xff\xe9",
];
const symlinkTarget = fc.constantFrom(...SYMLINK_TARGETS, `${"t".repeat(200)}/${"t".repeat(100)}`);

const place = {
  path,
  spelling: fc.constantFrom("plain", "plain", "dot", "absolute"),
  namesParents: fc.boolean(),
  format: fc.constantFrom("ustar", "gnu"),
} as const;

const attributes: fc.Arbitrary<RandomAttributes> = fc.record({
  mode: fc.constantFrom(0o644, 0o755, 0o4755, 0o2711, 0o1777, 0o7777, 0),
  uid: fc.constantFrom(0, 1000, 65_536, 4_294_967_294),
  gid: fc.constantFrom(0, 42, 3_000_000),
  mtime: fc.constantFrom(
    "0",
    "1600000000",
    "1600000000.000000001",
    "1234567890.987654321",
    "-1",
    "-1.25",
    "5000000000",
  ),
  userXattr: optional(fc.uint8Array({ minLength: 1, maxLength: 40 })),
  trustedXattr: optional(fc.uint8Array({ minLength: 1, maxLength: 300 })),
  capability: fc.integer({ min: 0, max: 3 }).map((choice) => choice === 3),
});

const sparse: fc.Arbitrary<RandomSparse> = fc.record({
  version: fc.constantFrom("0.1", "1.0"),
  parts: fc.array(
    fc.record({
      hole: fc.constantFrom(0, 512, 4096, 70_000),
      data: fc.uint8Array({ minLength: 1, maxLength: 600 }),
    }),
    { maxLength: 4 },
  ),
  lastHole: fc.constantFrom(0, 1, 100_000),
});

const device = fc.constantFrom(
  { major: 0, minor: 0 },
  { major: 1, minor: 3 },
  { major: 259, minor: 65_537 },
  { major: 4095, minor: 1_048_575 },
);

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("root"), attributes }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("directory"), attributes, ...place }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("file"),
      content: fc.uint8Array({ maxLength: 700 }),
      attributes,
      ...place,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("sparse-file"), sparse, attributes, ...place }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("symlink"), target: symlinkTarget, attributes, ...place }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("character-device", "block-device"),
      device,
      attributes,
      ...place,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fifo"), attributes, ...place }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("hardlink"), choice: fc.nat(1000), ...place }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("whiteout"), ...place }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("opaque"), ...place }) },
);

function optional<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined, freq: 2 });
}
