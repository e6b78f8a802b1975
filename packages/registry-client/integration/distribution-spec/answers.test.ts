import { expect } from "vitest";
import { fetchManifest } from "../../src/index.ts";
import { small } from "../loopback.ts";
import { registryThat, signal, testRules, type Rule } from "./rules.ts";

const answers: readonly Rule[] = [
  {
    section: "Error Codes",
    words: "A `4XX` response code from the registry MAY return a body in any format.",
    what: "takes the status for what it is, and repeats only what is in the specification's format",
    async expectIt() {
      for (const [body, said] of [
        ["<html>no", / answers 403$/],
        ['"no"', / answers 403$/],
        ['{"errors":"no"}', / answers 403$/],
        ['{"errors":[{"code":"DENIED","message":"not yours"}]}', / answers 403: DENIED: not yours$/],
        ['{"errors":[{"code":"DENIED"}]}', / answers 403: DENIED$/],
      ] as const) {
        const { client, reference } = await registryThat(() => ({ status: 403, body }));
        await expect(fetchManifest(client, reference, signal)).rejects.toMatchObject({
          code: "REGISTRY_DENIED",
          message: expect.stringMatching(said),
        });
      }
    },
  },
  {
    section: "Legacy Docker support error codes",
    words: "These error codes are OPTIONAL and clients SHOULD NOT depend on them.",
    what: "goes by the status alone, whatever the code",
    async expectIt() {
      const body = '{"errors":[{"code":"MANIFEST_UNVERIFIED","message":"x"}]}';
      const { client, reference } = await registryThat(() => ({ status: 404, body }));
      await expect(fetchManifest(client, reference, signal)).rejects.toMatchObject({
        code: "REGISTRY_NOT_FOUND",
      });
    },
  },
  {
    section: "Warnings",
    words: "Clients SHOULD deduplicate warnings from multiple associated responses.",
    what: "reports each text once, as an event, and does nothing else about it",
    async expectIt() {
      const headers = { warning: '299 - "This image is deprecated."' };
      const registry = await registryThat(() => ({ status: 200, headers, body: small.manifest }));
      for (let count = 0; count < 3; count++)
        await fetchManifest(registry.client, registry.reference, signal);
      expect(registry.events).toEqual([
        {
          kind: "registry-warning",
          registry: registry.reference.registry,
          text: "This image is deprecated.",
        },
      ]);
    },
  },
  {
    section: "Warnings",
    words:
      "If included, `Warning` headers MUST specify a `warn-code` of `299` and a `warn-agent` of `-`, and MUST NOT specify a `warn-date` value.",
    what: "passes over every other",
    async expectIt() {
      for (const warning of ['199 - "x"', '299 proxy "x"', "299 - x", '110 cache "stale"']) {
        const headers = { warning };
        const { client, reference, events } = await registryThat(() => ({
          status: 200,
          headers,
          body: small.manifest,
        }));
        await fetchManifest(client, reference, signal);
        expect(events).toEqual([]);
      }
    },
  },
];

testRules("API", answers);
