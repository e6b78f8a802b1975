import type { TarEntry } from "@bootlayer/test-fixtures";

/** Entries of layers in short, for tests of rules. */
export const directory = (name: string, more: Partial<TarEntry> = {}): TarEntry => ({
  name,
  type: "directory",
  ...more,
});
export const file = (name: string, content: string, more: Partial<TarEntry> = {}): TarEntry => ({
  name,
  content,
  ...more,
});
export const whiteout = (name: string): TarEntry => ({ name });
export const symlink = (name: string, linkTarget: string): TarEntry => ({
  name,
  type: "symlink",
  linkTarget,
});
export const hardlink = (name: string, linkTarget: string): TarEntry => ({
  name,
  type: "hardlink",
  linkTarget,
});

export const base: readonly TarEntry[] = [directory("d"), file("d/a", "a"), file("d/b", "b"), file("f", "f")];
