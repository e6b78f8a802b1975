import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { apiDocument } from "@bootlayer/server/openapi";
import openapiTypescript, { astToString } from "openapi-typescript";

const root = join(import.meta.dirname, "..");
const client = join(root, "packages/client");

/** What the client is made of: the document that the server serves, and types of it. Text by path. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const document = await apiDocument();
  const types = await openapiTypescript(JSON.stringify(document), { alphabetize: true });
  const header =
    "/** Generated from openapi.json, which bootlayer-server serves: see client-generator. */\n\n";
  return new Map([
    [join(client, "openapi.json"), formatted("openapi.json", JSON.stringify(document))],
    [join(client, "src/schema.ts"), formatted("schema.ts", header + astToString(types))],
  ]);
}

/** As the workspace formats what people write. */
function formatted(name: string, text: string): string {
  const oxfmt = join(root, "node_modules/oxfmt/bin/oxfmt");
  const { status, stdout, stderr } = spawnSync(process.execPath, [oxfmt, `--stdin-filepath=${name}`], {
    cwd: root,
    input: text,
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
  });
  if (status !== 0) throw new Error(`oxfmt refuses ${name}: ${stderr}`);
  return stdout;
}
