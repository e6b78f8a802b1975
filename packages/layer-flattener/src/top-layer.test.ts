import { layerBlob, tarArchive, type LayerBlob, type TarEntry } from "@bootlayer/test-fixtures";
import { byteString, resolvePath, type FileNode } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { discardContents } from "./discard-contents.ts";
import { flattenLayers } from "./flatten.ts";
import type { LayerSource } from "./layer-source.ts";
import type { LowerImage } from "./options.ts";

function source(entries: readonly TarEntry[]): LayerSource & { opened: number } {
  const blob: LayerBlob = layerBlob(tarArchive(entries), "gzip");
  return {
    descriptor: blob.descriptor as LayerSource["descriptor"],
    diffId: blob.diffId as LayerSource["diffId"],
    opened: 0,
    async *open() {
      this.opened++;
      yield blob.bytes;
    },
  };
}

function fileAt({ root }: Pick<LowerImage, "root">, path: string): FileNode {
  const found = resolvePath(root, byteString(path), { followLast: true });
  if (found.kind !== "found" || found.node.kind !== "file") throw new Error(`${path} is no file`);
  return found.node;
}

async function textAt(image: LowerImage, path: string, maxBytes?: number): Promise<string> {
  return Buffer.from(await image.readFile(fileAt(image, path), maxBytes)).toString();
}

const passwd = { name: "etc/passwd", content: "root:x:0:0::/root:/bin/sh\n" };

test("a top layer is made from the tree below it and applied like any other", async () => {
  const base = source([passwd, { name: "etc/hosts", content: "old" }, { name: "gone", content: "x" }]);
  const { root, readFile, statistics } = await flattenLayers([base], discardContents(), {
    topLayer: async (below) =>
      source([
        { name: "etc/copy", content: await textAt(below, "/etc/passwd") },
        { name: "etc/hosts", content: "new" },
        { name: ".wh.gone" },
      ]),
    remember: new Set(["etc/passwd"]),
  });
  const image = { root, readFile };
  expect(await textAt(image, "/etc/copy")).toBe(passwd.content);
  expect(await textAt(image, "/etc/hosts")).toBe("new");
  expect(root.entries.has(byteString("gone"))).toBe(false);
  expect(statistics.contentWrittenInVain).toEqual({ files: 2, bytes: 4 });
});

test("a remembered file is read from memory, another one from its layer, through symlinks too", async () => {
  const layer = source([
    passwd,
    { name: "usr/lib/os-release", content: "ID=test\n" },
    { name: "etc/os-release", type: "symlink", linkTarget: "../usr/lib/os-release" },
  ]);
  const image = await flattenLayers([layer], discardContents(), { remember: new Set(["etc/passwd"]) });
  expect(await textAt(image, "/etc/passwd")).toBe(passwd.content);
  expect(layer.opened).toBe(1);
  expect(await textAt(image, "/etc/os-release")).toBe("ID=test\n");
  expect(layer.opened).toBe(2);
  expect(await textAt(image, "/etc/os-release", 3)).toBe("ID=");
});

test("a sparse file is read with its holes as zeros", async () => {
  const layer = source([
    {
      name: "sparse",
      content: "4\n0\n2\n6\n2\n8\n0\n8\n0\n".padEnd(512, "\0") + "abcd",
      pax: {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "sparse",
        "GNU.sparse.realsize": "8",
      },
    },
  ]);
  const image = await flattenLayers([layer], discardContents());
  expect(await textAt(image, "/sparse")).toBe("ab\0\0\0\0cd");
  expect(await textAt(image, "/sparse", 7)).toBe("ab\0\0\0\0c");
});

test("what the top layer's maker throws passes through", async () => {
  const failure = new Error("no such user");
  await expect(
    flattenLayers([source([passwd])], discardContents(), { topLayer: () => Promise.reject(failure) }),
  ).rejects.toBe(failure);
});

test("without a layer the image is as it was", async () => {
  const { statistics } = await flattenLayers([source([passwd])], discardContents(), {
    topLayer: async () => undefined,
  });
  expect(statistics.entries).toBe(1);
});
