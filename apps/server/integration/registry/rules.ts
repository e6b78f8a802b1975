/**
 * What the OCI distribution specification 1.1.1 asks of registries: a row for each rule, in the specification's order, with
 * its words and what this server does.
 */
import { digestOf, mediaTypes } from "@bootlayer/image-spec";
import { image, layerBlob, tarArchive } from "@bootlayer/test-fixtures";
import { describe, test } from "vitest";
import { serveRegistry, type ServedRegistry } from "./serve-registry.ts";

export interface Rule {
  readonly section: string;
  /** The specification's own. */
  readonly words: string;
  /** What the server does. */
  readonly what: string;
  readonly expectIt: (registry: ServedRegistry) => Promise<unknown>;
}

export const small = image([layerBlob(tarArchive([{ name: "file", content: "small" }]))]);
export const blob: Buffer = small.config;
export const blobDigest = digestOf(blob);
export const manifestDigest = digestOf(small.manifest);
/** Of nothing that is anywhere. */
export const strange = digestOf(Buffer.from("strange"));

/** Brings the blobs of `small`, and its manifest under a tag or its digest. */
export async function pushSmall(
  registry: ServedRegistry,
  reference: string,
  repository = "test",
): Promise<Response> {
  for (const bytes of [small.config, ...small.layers.map((layer) => layer.bytes)])
    await registry.upload(repository, bytes);
  return registry.put(repository, reference, small.manifest);
}

/** What refers to `small`. */
export function artifact(more: object = {}): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: small.configDescriptor,
      layers: [],
      subject: small.manifestDescriptor,
      ...more,
    }),
  );
}

/** A table of rules as tests, whose names tell it. */
export function testRules(section: string, rules: readonly Rule[]): void {
  describe(`distribution-spec, ${section}`, () => {
    test.each(
      rules.map((rule) => [`${rule.section}: "${rule.words}" The server ${rule.what}`, rule] as const),
    )("%s", async (_, { expectIt }) => {
      await expectIt(await serveRegistry());
    });
  });
}
