/**
 * What the OCI distribution specification 1.1.1 says of clients, or of registries in words that a client rests on: a row
 * for each, in the specification's order, with its words and what this client does. Deleting is not among what it does.
 */
import { digestOf, mediaTypes, parseDigest, type Descriptor, type Digest } from "@bootlayer/image-spec";
import {
  startFaultProxy,
  type FaultProxy,
  type FaultSchedule,
  type Registry,
  type RegistryRequest,
} from "@bootlayer/test-fixtures";
import { describe, onTestFinished, test } from "vitest";
import { parseReference, type PushedManifest, type Reference } from "../../src/index.ts";
import { connect, layer, serve, small, type ObservedClient } from "../loopback.ts";

export interface Rule {
  readonly section: string;
  /** The specification's own. */
  readonly words: string;
  /** What the client does. */
  readonly what: string;
  readonly expectIt: () => Promise<unknown>;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export const { signal } = new AbortController();
/** A blob that no registry here has until it is pushed; `layer` has its bytes. */
export const blob: Pick<Descriptor, "digest" | "size"> = {
  digest: parseDigest(layer.descriptor.digest),
  size: layer.descriptor.size,
};
/** Of the manifest of `small`. */
export const digest: Digest = parseDigest(small.manifestDescriptor.digest);

export interface ToldRegistry extends ObservedClient, Pick<Registry, "requests"> {
  readonly reference: Reference;
  /** Method and path below the repository of each request so far. */
  readonly asked: () => readonly string[];
}

/** A registry that answers as it is told, or as one with `small` in it; and a client of it. */
export async function registryThat(
  answer: (request: RegistryRequest) => Answer | undefined = () => undefined,
) {
  const { host, requests } = await serve({
    fault: (request) => {
      const told = answer(request);
      return told && { kind: "status", ...told };
    },
  });
  return {
    ...connect(),
    reference: parseReference(`${host}/test`),
    asked: () => requests.map(({ method, path }) => `${method} ${path.replace("/v2/test/", "")}`),
    requests,
  };
}

/** The same with faults on the way to it. */
export async function registryBehind(
  schedule: FaultSchedule,
): Promise<ObservedClient & { readonly reference: Reference; readonly proxy: FaultProxy }> {
  const { host } = await serve();
  const proxy = await startFaultProxy({ target: host, schedule });
  onTestFinished(proxy.close);
  return { ...connect(), reference: parseReference(`${proxy.host}/test`), proxy };
}

/** What an artifact that refers to `small` says of it. */
export const subject: Descriptor = { mediaType: mediaTypes.ociManifest, digest, size: small.manifest.length };
const signatureBytes = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: "application/vnd.example.signature",
    config: small.configDescriptor,
    layers: [],
    subject,
  }),
);
/** Such an artifact. */
export const signature: PushedManifest = {
  bytes: signatureBytes,
  digest: digestOf(signatureBytes),
  mediaType: mediaTypes.ociManifest,
};
/** Where its subject's referrers are listed, if the registry does not list them. */
export const referrersTag: string = digest.replace(":", "-");
/** Its entry in such a list. */
export const listed: Descriptor = {
  mediaType: mediaTypes.ociManifest,
  digest: signature.digest,
  size: signatureBytes.length,
};

/** A table of rules as tests, whose names tell it. */
export function testRules(section: string, rules: readonly Rule[]): void {
  describe(`distribution-spec, ${section}`, () => {
    test.each(
      rules.map((rule) => [`${rule.section}: "${rule.words}" The client ${rule.what}`, rule] as const),
    )("%s", async (_, { expectIt }) => {
      await expectIt();
    });
  });
}
