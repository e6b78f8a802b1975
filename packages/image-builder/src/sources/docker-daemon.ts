import { readFile } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { homedir } from "node:os";
import { join } from "node:path";
import { displayText, byteString } from "@bootlayer/rootfs-tree";
import * as z from "zod";
import { BuilderError } from "../errors.ts";
import { readError } from "./source-file.ts";

type Variables = Readonly<Partial<Record<string, string>>>;

/** Where a Docker engine listens. */
export type DaemonAddress = Readonly<
  | { kind: "socket"; path: string }
  | { kind: "tcp"; host: string; port: number }
  /** `certificates`: the directory of ca.pem, cert.pem and key.pem. */
  | { kind: "tls"; host: string; port: number; certificates: string }
>;

export interface DaemonRequest {
  /** A full reference or an image ID. */
  readonly image: string;
  /** Said where a person asked for one: engines that keep images of several need to be told. */
  readonly platform?:
    | { readonly os: string; readonly architecture: string; readonly variant?: string | undefined }
    | undefined;
  readonly signal: AbortSignal;
}

/** An engine may take minutes before the first byte of a large image. */
const silenceMilliseconds = 10 * 60_000;
const maxAnswerBytes = 64 * 1024;

/**
 * Reads DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH as the docker program does; without them the engine is the
 * one of this machine.
 *
 * @throws {BuilderError} OPTIONS_INVALID.
 */
export function daemonAddress(variables: Variables): DaemonAddress {
  const host = variables["DOCKER_HOST"] || "unix:///var/run/docker.sock";
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.*)$/s.exec(host) ?? [];
  if (scheme === "unix" && rest.startsWith("/")) return { kind: "socket", path: rest };
  const [, name = "", port = ""] = /^(\[[0-9a-f:.]+\]|[^/:@?#]+):(\d{1,5})\/?$/i.exec(rest) ?? [];
  if (scheme !== "tcp" || name === "" || Number(port) > 65_535)
    throw new BuilderError(
      "OPTIONS_INVALID",
      `DOCKER_HOST names no engine that can be reached: ${JSON.stringify(scheme === "" ? "no scheme" : `${scheme}://`)}`,
      "write unix:///PATH or tcp://HOST:PORT; to an engine behind ssh: docker save REF | bootlayer build -",
    );
  const address = { host: name.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
  if (!variables["DOCKER_TLS_VERIFY"]) return { kind: "tcp", ...address };
  return {
    kind: "tls",
    ...address,
    certificates: variables["DOCKER_CERT_PATH"] || join(homedir(), ".docker"),
  };
}

/**
 * Asks an engine for an image as the archive that `docker save` writes (Docker Engine API, "Export an image"), as a
 * stream.
 *
 * @throws {BuilderError} DAEMON_UNREACHABLE, DAEMON_NOT_FOUND, DAEMON_REFUSED; DAEMON_INTERRUPTED from the stream.
 */
export async function fetchFromDaemon(
  address: DaemonAddress,
  { image, platform, signal }: DaemonRequest,
): Promise<AsyncGenerator<Uint8Array>> {
  const path = image.split("/").map(encodeURIComponent).join("/");
  const query = platform === undefined ? "" : `?platform=${encodeURIComponent(JSON.stringify(platform))}`;
  const options = { method: "GET", path: `/images/${path}/get${query}`, signal, agent: false };
  const answer = await send(address, options).catch((cause: unknown) => {
    signal.throwIfAborted();
    if (cause instanceof BuilderError) throw cause;
    throw new BuilderError(
      "DAEMON_UNREACHABLE",
      `no Docker engine answers at ${shownAddress(address)}: ${reasonOf(cause)}`,
      "is it running, and may this user reach it? DOCKER_HOST says where it is",
      { cause },
    );
  });
  if (answer.statusCode === 200) return bodyOf(answer, address, signal);
  const message = await messageOf(answer);
  throw answer.statusCode === 404
    ? new BuilderError(
        "DAEMON_NOT_FOUND",
        `the Docker engine has no image ${image}: ${message}`,
        "docker images lists what it has; docker pull brings it in",
      )
    : new BuilderError(
        "DAEMON_REFUSED",
        `the Docker engine refuses to give ${image}: ${answer.statusCode ?? "no status"} ${message}`,
        "see its log",
      );
}

async function send(address: DaemonAddress, options: RequestOptions): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request =
    address.kind === "socket"
      ? httpRequest({ ...options, socketPath: address.path, headers: { host: "docker" } })
      : address.kind === "tcp"
        ? httpRequest({ ...options, host: address.host, port: address.port })
        : httpsRequest({
            ...options,
            host: address.host,
            port: address.port,
            ...(await readCertificates(address)),
          });
  request.setTimeout(silenceMilliseconds, () =>
    request.destroy(new Error(`nothing came for ${silenceMilliseconds / 1000} s`)),
  );
  request.on("response", resolve).on("error", reject).end();
  return promise;
}

async function readCertificates({
  certificates,
}: Extract<DaemonAddress, { kind: "tls" }>): Promise<{ ca: Buffer; cert: Buffer; key: Buffer }> {
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map((name) => {
      const path = join(certificates, name);
      return readFile(path).catch((cause: unknown) => {
        throw readError(path, cause);
      });
    }),
  );
  return { ca: ca ?? Buffer.alloc(0), cert: cert ?? Buffer.alloc(0), key: key ?? Buffer.alloc(0) };
}

async function* bodyOf(
  answer: IncomingMessage,
  address: DaemonAddress,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of answer as AsyncIterable<Uint8Array>) yield chunk;
  } catch (cause) {
    signal.throwIfAborted();
    throw new BuilderError(
      "DAEMON_INTERRUPTED",
      `the Docker engine at ${shownAddress(address)} broke off: ${reasonOf(cause)}`,
      "see its log, and start again",
      { cause },
    );
  } finally {
    answer.destroy();
  }
}

const messageSchema = z.object({ message: z.string() });

/** What an engine says of an error, bounded and safe to print. */
async function messageOf(answer: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of answer as AsyncIterable<Uint8Array>) {
      parts.push(part);
      if ((bytes += part.length) > maxAnswerBytes) break;
    }
    const { message } = messageSchema.parse(JSON.parse(Buffer.concat(parts).toString()));
    return displayText(byteString(message.slice(0, 500)));
  } catch {
    return "(without a reason)";
  } finally {
    answer.destroy();
  }
}

function shownAddress(address: DaemonAddress): string {
  return address.kind === "socket" ? address.path : `${address.host}:${address.port}`;
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
}
