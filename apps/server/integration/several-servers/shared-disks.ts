import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from "@aws-sdk/client-s3";
import { startRadosgw } from "@bootlayer/test-fixtures";
import { vi } from "vitest";
import { openS3Artifacts } from "../../src/artifacts/s3-artifacts.ts";

/** Where servers of one database put their disks, and what an outsider finds there. */
export interface SharedDisks {
  readonly flags: Readonly<Record<string, string>>;
  readonly switches: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The sha256 of all that lies there as a disk, by its location. */
  digests(): Promise<ReadonlyMap<string, string>>;
  /** What lies there beside disks, and nobody has any more. */
  leavings(lastKill: Date): Promise<readonly string[]>;
  close(): Promise<void>;
}

export type DiskPlace = "directory" | "s3";

export async function openSharedDisks(place: DiskPlace, directory: string): Promise<SharedDisks> {
  return place === "s3" ? await sharedBucket() : await sharedDirectory(join(directory, "artifacts"));
}

async function sharedDirectory(artifacts: string): Promise<SharedDisks> {
  await mkdir(artifacts);
  return {
    flags: { "--artifacts": artifacts },
    switches: [],
    environment: {},
    async digests() {
      const digests = new Map<string, string>();
      for (const name of await readdir(artifacts))
        if (name !== "staging") digests.set(name, await sha256Of(createReadStream(join(artifacts, name))));
      return digests;
    },
    leavings: async () => await stagedIn(artifacts),
    close: async () => {},
  };
}

/** Ceph's S3. */
async function sharedBucket(): Promise<SharedDisks> {
  const gateway = await startRadosgw();
  const { endpoint, region, accessKeyId, secretAccessKey } = gateway;
  const [bucket, prefix] = [`disks-${randomBytes(4).toString("hex")}`, "fleet/"];
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const environment = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };

  async function uploads(): Promise<readonly { readonly name: string; readonly began: Date }[]> {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    return Uploads.map(({ Key = "", Initiated = new Date(0) }) => ({ name: Key, began: Initiated }));
  }

  /** Servers that were killed leave their uploads, and any server removes them a day later. */
  async function sweepNextDay(): Promise<void> {
    const staging = await mkdtemp(join(tmpdir(), "bootlayer-staging-"));
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const tomorrow = Date.now() + 25 * 60 * 60 * 1000;
    const clock = vi.spyOn(Date, "now").mockImplementation(() => tomorrow);
    try {
      const settings = { kind: "s3", endpoint, region, bucket, prefix, pathStyle: true } as const;
      await (await openS3Artifacts(settings, staging)).close();
    } finally {
      clock.mockRestore();
      vi.unstubAllEnvs();
      await rm(staging, { recursive: true });
    }
  }

  return {
    flags: { "--artifacts": `s3://${bucket}/${prefix}`, "--s3-endpoint": endpoint, "--s3-region": region },
    switches: ["--s3-path-style"],
    environment,
    async digests() {
      const { Contents = [], IsTruncated = false } = await client.send(
        new ListObjectsV2Command({ Bucket: bucket }),
      );
      if (IsTruncated) throw new Error("the bucket has more objects than one answer lists");
      const digests = new Map<string, string>();
      for (const { Key = "" } of Contents) {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
        if (!(Body instanceof Readable)) throw new Error(`${Key} has no body`);
        digests.set(Key.replace(prefix, ""), await sha256Of(Body));
      }
      return digests;
    },
    async leavings(lastKill) {
      const young = (await uploads()).filter(({ began }) => began > lastKill);
      await sweepNextDay();
      return [
        ...young.map(({ name }) => `upload ${name} of a server that lives`),
        ...(await uploads()).map(({ name }) => `upload ${name}`),
      ];
    },
    async close() {
      client.destroy();
      await gateway.close();
    },
  };
}

/** Disks that were being made, below a directory of artifacts. */
export async function stagedIn(artifacts: string): Promise<string[]> {
  const names = await readdir(join(artifacts, "staging")).catch(() => []);
  return names.map((name) => `staged ${name}`);
}

async function sha256Of(bytes: AsyncIterable<unknown>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of bytes) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
