import type { GuestConfigInput } from "@bootlayer/image-builder";
import * as z from "zod";

type FileInput = NonNullable<GuestConfigInput["files"]>[number];

/** A guest's configuration as a request has it: all of guest.yaml but what would be read from files of the server's machine. */
export interface GuestRequestBody extends Omit<GuestConfigInput, "files" | "modules"> {
  readonly files?:
    | readonly (Omit<FileInput, "host" | "content"> & { readonly content: string })[]
    | undefined;
  readonly modules?: { readonly load: readonly string[] } | undefined;
}

const texts = z.array(z.string());
const variables = z.record(z.string(), z.string());
const limit = z.union([z.int(), z.literal("unlimited")]);

/** Shapes; what the values may be, image-builder says (guest-inject's guest-config.ts). */
export const guestRequestSchema: z.ZodType<GuestRequestBody, GuestRequestBody> = z
  .strictObject({
    version: z.literal(1).optional(),
    init: z.enum(["auto", "bootlayer", "systemd", "openrc"]).optional(),
    process: z
      .strictObject({
        entrypoint: texts.optional(),
        cmd: texts.optional(),
        env: variables.optional(),
        user: z.string().optional(),
        workingDirectory: z.string().optional(),
        stopSignal: z.string().optional(),
        stopTimeoutSeconds: z.int().optional(),
        terminal: z.boolean().optional(),
        stdin: z.boolean().optional(),
        limits: z.record(z.string(), z.union([limit, z.tuple([limit, limit])])).optional(),
      })
      .optional(),
    hostname: z.string().optional(),
    hosts: z.array(z.strictObject({ address: z.string(), names: texts })).optional(),
    dns: z.strictObject({ servers: texts, search: texts.optional() }).optional(),
    network: z
      .discriminatedUnion("mode", [
        z.strictObject({ mode: z.literal("none") }),
        z.strictObject({ mode: z.literal("kernel"), interface: z.string().optional() }),
        z.strictObject({
          mode: z.literal("dhcp"),
          interface: z.string().optional(),
          mtu: z.int().optional(),
        }),
        z.strictObject({
          mode: z.literal("static"),
          interface: z.string().optional(),
          addresses: texts,
          gateways: texts.optional(),
          mtu: z.int().optional(),
        }),
      ])
      .optional(),
    files: z
      .array(
        z.strictObject({
          /** Without it the file would be one of the server's machine. */
          content: z.string(),
          guest: z.string(),
          mode: z.string().optional(),
          uid: z.int().optional(),
          gid: z.int().optional(),
        }),
      )
      .optional(),
    services: z
      .array(
        z.strictObject({
          name: z.string(),
          command: texts,
          env: variables.optional(),
          restart: z.boolean().optional(),
        }),
      )
      .optional(),
    agent: z.strictObject({ vsock: z.int().optional(), serial: z.string().optional() }).optional(),
    ssh: z.strictObject({ user: z.string().optional(), authorizedKeys: texts }).optional(),
    /** Of the image's own. */
    modules: z.strictObject({ load: texts }).optional(),
    mounts: z
      .array(
        z.strictObject({
          device: z.string(),
          path: z.string(),
          type: z.string().optional(),
          options: z.string().optional(),
        }),
      )
      .optional(),
    overlay: z
      .discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("tmpfs"), size: z.string().optional() }),
        z.strictObject({ kind: z.literal("device"), device: z.string(), type: z.string().optional() }),
      ])
      .optional(),
    onExit: z.enum(["power-off", "reboot", "halt"]).optional(),
  })
  .meta({ id: "Guest" });
