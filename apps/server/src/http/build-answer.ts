import * as z from "zod";
import { buildRequestSchema, type BuildRequestBody } from "../catalogue/build-request.ts";
import { buildStates, type BuildProblem, type BuildState } from "../catalogue/build.ts";
import type { Build } from "../catalogue/builds.ts";

/** Of what image-builder says of a finished disk, what clients are told: nothing of paths of the server's machine. */
export interface BuildReport {
  readonly digest?: string | undefined;
  readonly platform?: string | undefined;
  readonly bytes?: number | undefined;
  readonly dataBytes?: number | undefined;
  readonly sha256?: string | undefined;
  readonly cached?: boolean | undefined;
  readonly fetched?: boolean | undefined;
  readonly warnings?: readonly string[] | undefined;
  readonly stages?:
    | readonly { readonly stage: string; readonly seconds: number; readonly bytes: number }[]
    | undefined;
  readonly layers?: readonly LayerReport[] | undefined;
  readonly guest?: GuestReport | undefined;
}

interface LayerReport {
  readonly layer: number;
  readonly digest: string;
  readonly bytes: number;
  readonly cached: boolean;
  readonly requested?: number | undefined;
  readonly firstByte?: number | undefined;
  readonly lastByte?: number | undefined;
  readonly flattening?: number | undefined;
  readonly flattened?: number | undefined;
}

interface GuestReport {
  readonly initSystem?: string | undefined;
  readonly kernelArguments?: readonly string[] | undefined;
  readonly warnings?: readonly string[] | undefined;
  readonly ports?: readonly { readonly port: number; readonly protocol: string }[] | undefined;
}

/** A build as clients see it: not whose it is, nor which server holds its credentials. */
export interface BuildAnswer {
  readonly id: string;
  readonly state: BuildState;
  readonly request: BuildRequestBody;
  readonly buildKey?: string | undefined;
  readonly manifestDigest?: string | undefined;
  readonly follows?: string | undefined;
  readonly position?: number | undefined;
  readonly problem?: BuildProblem | undefined;
  readonly report?: BuildReport | undefined;
  readonly cancelRequested: boolean;
  readonly attempts: number;
  readonly createdAt: string;
  readonly startedAt?: string | undefined;
  readonly endedAt?: string | undefined;
}

export const buildStateSchema: z.ZodType<BuildState, BuildState> = z
  .enum(buildStates)
  .meta({ id: "BuildState", description: "Where a build is; ready, failed and cancelled are final" });

export const buildProblemSchema: z.ZodType<BuildProblem> = z
  .object({
    code: z.string().meta({ example: "REGISTRY_NOT_FOUND" }),
    title: z.string(),
    detail: z.string(),
    hint: z.string(),
  })
  .meta({ id: "BuildProblem", description: "Why a build failed" });

const layerReportSchema = z
  .object({
    layer: z.int().meta({ description: "From 0, the base layer" }),
    digest: z.string(),
    bytes: z.number(),
    cached: z.boolean(),
    requested: z
      .number()
      .optional()
      .meta({ description: "Seconds since the work began, as all that follow" }),
    firstByte: z.number().optional(),
    lastByte: z.number().optional(),
    flattening: z.number().optional(),
    flattened: z.number().optional(),
  })
  .meta({ id: "LayerReport", description: "How a layer came and was read" });

export const buildReportSchema: z.ZodType<BuildReport> = z
  .object({
    digest: z.string().optional().meta({ description: "Of the manifest that the disk was made from" }),
    platform: z.string().optional(),
    bytes: z.number().optional().meta({ description: "Length of the disk, holes included" }),
    dataBytes: z.number().optional().meta({ description: "Bytes of the disk that are not holes" }),
    sha256: z.string().optional(),
    cached: z.boolean().optional().meta({ description: "Whether the disk was there already" }),
    fetched: z
      .boolean()
      .optional()
      .meta({ description: "Whether the disk came from the source's registry, in place of being built" }),
    warnings: z.array(z.string()).optional(),
    stages: z.array(z.object({ stage: z.string(), seconds: z.number(), bytes: z.number() })).optional(),
    layers: z.array(layerReportSchema).optional().meta({ description: "The base layer first" }),
    guest: z
      .object({
        initSystem: z.string().optional(),
        kernelArguments: z.array(z.string()).optional(),
        warnings: z.array(z.string()).optional(),
        ports: z.array(z.object({ port: z.number(), protocol: z.string() })).optional(),
      })
      .optional(),
  })
  .meta({ id: "BuildReport", description: "What a finished build says of its disk" });

const time = z.iso.datetime();

export const buildSchema: z.ZodType<BuildAnswer> = z
  .object({
    id: z.string(),
    state: buildStateSchema,
    request: buildRequestSchema,
    buildKey: z.string().optional().meta({ description: "Equal keys are equal bytes" }),
    manifestDigest: z.string().optional(),
    follows: z.string().optional().meta({ description: "The build of the same key that this one waits for" }),
    position: z.int().optional().meta({ description: "Place in the queue from 1, while it is queued" }),
    problem: buildProblemSchema.optional(),
    report: buildReportSchema.optional(),
    cancelRequested: z.boolean(),
    attempts: z.int().meta({ description: "How often a worker has taken it up" }),
    createdAt: time,
    startedAt: time.optional(),
    endedAt: time.optional(),
  })
  .meta({ id: "Build", description: "A disk that was asked for" });

export const buildListSchema: z.ZodType<{
  readonly builds: readonly BuildAnswer[];
  readonly next?: string | undefined;
}> = z
  .object({
    builds: z.array(buildSchema),
    next: z.string().optional().meta({ description: "The `after` of the next page; absent on the last" }),
  })
  .meta({ id: "BuildList", description: "Builds, the newest first" });

/** Requests that were answered from one statement share a build. */
const answers = new WeakMap<Build, BuildAnswer>();

export function buildAnswer(build: Build): BuildAnswer {
  const answer = answers.get(build) ?? answerOf(build);
  answers.set(build, answer);
  return answer;
}

function answerOf(build: Build): BuildAnswer {
  const { createdAt, startedAt, endedAt, report } = build;
  const {
    requestKey: _requestKey,
    tokenId: _tokenId,
    serverId: _serverId,
    eventCount: _eventCount,
    ...shown
  } = build;
  return {
    ...shown,
    report: report === undefined ? undefined : buildReportSchema.parse(report),
    createdAt: createdAt.toISOString(),
    startedAt: startedAt?.toISOString(),
    endedAt: endedAt?.toISOString(),
  };
}

/** Changes with everything that a client can see of a build. */
export function buildEtag({ state, attempts, position, follows, cancelRequested, buildKey }: Build): string {
  const parts = [
    state,
    attempts,
    position ?? 0,
    cancelRequested ? "c" : "",
    follows ?? "",
    buildKey?.slice(0, 16) ?? "",
  ];
  return `W/"${parts.join("-")}"`;
}
