import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { readPageFiles, type PageFileName } from "./page-files.ts";

/** Nothing but this server's own script, style and answers; nothing inline, no frames, no forms that leave. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const headers = {
  "content-security-policy": contentSecurityPolicy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

const mediaTypes: Readonly<Record<PageFileName, string>> = {
  "index.html": "text/html; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
};

interface ServedFile {
  readonly path: string;
  readonly mediaType: string;
  readonly cacheControl: string;
  readonly etag: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
}

/**
 * The page for people: `/` and what it consists of. Those files carry the hash of their bytes in their names and are kept by browsers for
 * ever; the index is asked for each time, so a new version of the server is a new page at once. It needs no token: it holds nothing,
 * and asks the API with the token of whoever looks at it.
 */
export async function pageRoutes(app: FastifyInstance): Promise<void> {
  for (const file of await servedFiles())
    app.route({
      method: ["GET", "HEAD"],
      url: file.path,
      config: { scope: "none" },
      handler: (request, reply) => send(file, request, reply),
    });
}

async function servedFiles(): Promise<readonly ServedFile[]> {
  const files = await readPageFiles();
  let html = Buffer.from(files["index.html"]).toString();
  const assets = (["page.js", "page.css", "icon.svg"] as const).map((name) => {
    const path = `page/${name.replace(".", `-${hashOf(files[name]).slice(0, 12)}.`)}`;
    html = html.replace(`page/${name}`, path);
    return served(`/${path}`, name, files[name], "public, max-age=31536000, immutable");
  });
  return [served("/", "index.html", Buffer.from(html), "no-cache"), ...assets];
}

function served(path: string, name: PageFileName, content: Uint8Array, cacheControl: string): ServedFile {
  const bytes = Buffer.from(content);
  return {
    path,
    mediaType: mediaTypes[name],
    cacheControl,
    etag: `"${hashOf(bytes).slice(0, 32)}"`,
    bytes,
    gzipped: gzipSync(bytes, { level: 9 }),
  };
}

function send(file: ServedFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // The two encodings are different bytes, so they have different tags (RFC 9110, section 8.8.3.3).
  const gzip = acceptsGzip(request.headers["accept-encoding"]);
  const etag = gzip ? file.etag.replace(/"$/, '-gzip"') : file.etag;
  reply.headers({ ...headers, "cache-control": file.cacheControl, etag, vary: "accept-encoding" });
  if (matches(request.headers["if-none-match"], etag)) return reply.code(304).send();
  if (gzip) reply.header("content-encoding", "gzip");
  return reply.type(file.mediaType).send(gzip ? file.gzipped : file.bytes);
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return /(^|,)\s*(gzip|\*)\s*(;\s*q=(1|0\.0*[1-9])[\d.]*)?\s*(,|$)/i.test(String(header ?? ""));
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
