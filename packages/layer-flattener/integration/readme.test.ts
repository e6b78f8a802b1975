import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { layerBlob, codeBlocks, runExample, tarArchive, writeExample } from "@bootlayer/test-fixtures";
import { expect, test } from "vitest";

const packageDirectory = join(import.meta.dirname, "..");
const readme = join(packageDirectory, "README.md");

test("the README's first example lists what is in a layer", async () => {
  const layer = layerBlob(tarArchive([{ name: "etc/hostname", content: "guest\n" }]), "gzip");
  const [block = ""] = await codeBlocks(readme);
  const program = block
    .replace("sha256:...", layer.descriptor.digest)
    .replace("sha256:...", layer.diffId)
    .replace("3_623_807", String(layer.descriptor.size));
  await using example = await writeExample(packageDirectory, "example.ts", program);
  await writeFile(join(example.directory, "layer.tar.gz"), layer.bytes);
  const printed = await runExample(example);
  expect(printed).toContain("directory etc\nfile etc/hostname\n");
});
