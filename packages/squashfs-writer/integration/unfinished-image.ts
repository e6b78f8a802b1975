import { createSquashfsImage } from "../src/index.ts";

// A program of its own: begins an image, says so, and leaves it at that. With "stay" it goes on until it is killed.

const writer = await createSquashfsImage(process.argv[2] ?? "", { threads: 2, blockSize: 4096 });
const sink = writer.openContent({ size: 2_000_000 });
await sink.write(Buffer.alloc(1_000_000, "content"));
if (process.argv[3] === "stay") setInterval(() => {}, 60_000);
process.send?.("begun");
