import { unpack } from "./unpack.ts";

const start = Buffer.from("IKCFG_ST");
const end = Buffer.from("IKCFG_ED");
/** Real ones have 300 KB. */
const maxConfigBytes = 2 ** 24;

/** The configuration that CONFIG_IKCONFIG keeps in an unpacked kernel: gzip between two marks (kernel/configs.c). */
export async function findIkconfig(kernel: Buffer): Promise<string | undefined> {
  let looked = 0;
  for (let at = kernel.indexOf(start); at !== -1 && looked < 16; at = kernel.indexOf(start, at + 1)) {
    looked++;
    const from = at + start.length;
    const to = kernel.indexOf(end, from);
    if (to === -1) return undefined;
    const config = await unpack(kernel.subarray(from, to), "gzip", maxConfigBytes);
    if (config) return config.toString("latin1");
  }
  return undefined;
}
