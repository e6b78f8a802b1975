import { glob, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { boundaryViolations, type Layer, type Project } from "./boundaries.ts";

const root = join(import.meta.dirname, "../..");

interface PackageJson {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly nx?: { readonly tags?: readonly string[] };
}

async function readProject(packageFile: string): Promise<Project> {
  const json = JSON.parse(await readFile(join(root, packageFile), "utf8")) as PackageJson;
  const folder = join(root, dirname(packageFile));
  const layer = json.nx?.tags?.find((tag) => tag.startsWith("layer:"))?.slice("layer:".length) as Layer;
  const files = [];
  for await (const file of glob("**/*.{ts,tsx}", {
    cwd: folder,
    exclude: (name) => /node_modules|dist|coverage|test-results/.test(name),
  }))
    files.push({
      path: relative(root, join(folder, file)),
      text: await readFile(join(folder, file), "utf8"),
    });
  return {
    name: json.name,
    layer,
    dependencies: Object.keys(json.dependencies ?? {}),
    devDependencies: Object.keys(json.devDependencies ?? {}),
    files,
  };
}

const packageFiles = await Array.fromAsync(
  glob(["{packages,apps}/*/package.json", "{tools,client-generator,test-fixtures}/package.json"], {
    cwd: root,
  }),
);

test("no project imports what its layer may not, nor what it does not declare", async () => {
  const projects = await Promise.all(packageFiles.map(readProject));
  expect(projects.length).toBeGreaterThan(10);
  expect(projects.flatMap(({ files }) => files).length).toBeGreaterThan(50);
  expect(boundaryViolations(projects)).toEqual([]);
});

test("TypeScript's project references are the dependencies of package.json", async () => {
  const differences: string[] = [];
  for (const packageFile of packageFiles) {
    const folder = dirname(packageFile);
    const config = await readFile(join(root, folder, "tsconfig.json"), "utf8").catch(() => undefined);
    if (config === undefined || !folder.startsWith("packages/")) continue;
    const { dependencies = {} } = JSON.parse(await readFile(join(root, packageFile), "utf8")) as PackageJson;
    const wanted = Object.keys(dependencies)
      .filter((name) => name.startsWith("@bootlayer/"))
      .map((name) => `../${name.slice("@bootlayer/".length)}`);
    const { references } = JSON.parse(config) as { references: { path: string }[] };
    const written = references.map(({ path }) => path.replace(/^(\.\.\/)+packages\//, "../"));
    if (written.toSorted().join() !== wanted.toSorted().join())
      differences.push(`${folder}: references ${written.join()} for dependencies ${wanted.join()}`);
  }
  expect(differences).toEqual([]);
});

const none = { dependencies: [], devDependencies: [], files: [] };
const store: Project = { ...none, name: "@bootlayer/blob-store", layer: "part" };

test.each<[string, Partial<Project>, string, string]>([
  [
    "a part that imports another part",
    { dependencies: [store.name] },
    'import { a } from "@bootlayer/blob-store";',
    "part may not import part",
  ],
  ["an undeclared package", {}, 'import {\n  z,\n} from "zod";', "not among its dependencies"],
  ["a dynamic import", {}, 'const a = await import("undici");', "not among its dependencies"],
  ["a file of another project", {}, 'export * from "../../blob-store/src/lock.ts";', "past its index"],
  [
    "a writer with a third-party package",
    { name: "@bootlayer/ext4-writer", dependencies: ["zod"] },
    'import * as z from "zod";',
    "no third-party imports",
  ],
])("%s is found", (_name, project, text, complaint) => {
  const importer: Project = {
    ...none,
    name: "@bootlayer/part",
    layer: "part",
    ...project,
    files: [{ path: "packages/part/src/a.ts", text }],
  };
  expect(boundaryViolations([importer, store])).toEqual([expect.stringContaining(complaint)]);
});

test("a test may import the fixtures, its package may not", () => {
  const fixtures: Project = { ...none, name: "@bootlayer/test-fixtures", layer: "fixtures" };
  const text = 'import { image } from "@bootlayer/test-fixtures";';
  const files = [
    { path: "packages/part/src/a.test.ts", text },
    { path: "packages/part/src/b.ts", text },
  ];
  const part: Project = {
    ...none,
    name: "@bootlayer/part",
    layer: "part",
    devDependencies: [fixtures.name],
    files,
  };
  expect(boundaryViolations([part, fixtures])).toEqual([expect.stringContaining("packages/part/src/b.ts")]);
});

test("a test of the server and its page may import its client, the server may not", () => {
  const client: Project = { ...none, name: "@bootlayer/client", layer: "part" };
  const text = 'import { createClient } from "@bootlayer/client";';
  const server: Project = {
    ...none,
    name: "@bootlayer/server",
    layer: "service",
    devDependencies: [client.name],
    files: [
      { path: "apps/server/integration/a.test.ts", text },
      { path: "apps/server/page/src/a.tsx", text },
      { path: "apps/server/src/b.ts", text },
    ],
  };
  expect(boundaryViolations([server, client])).toEqual([expect.stringContaining("apps/server/src/b.ts")]);
});

test("a test of what the fixtures are built on may not import them: that were a circle", () => {
  const fixtures: Project = { ...none, name: "@bootlayer/test-fixtures", layer: "fixtures" };
  const text = 'import { image } from "@bootlayer/test-fixtures";';
  const spec: Project = {
    ...none,
    name: "@bootlayer/rootfs-tree",
    layer: "spec",
    devDependencies: [fixtures.name],
    files: [{ path: "packages/rootfs-tree/src/a.test.ts", text }],
  };
  expect(boundaryViolations([spec, fixtures])).toEqual([
    expect.stringContaining("spec may not import fixtures"),
  ]);
});

test("what the page is bundled of need not come along with the server", () => {
  const text = 'import { h } from "preact";';
  const files = [
    { path: "apps/server/page/src/a.tsx", text },
    { path: "apps/server/src/b.ts", text },
  ];
  const server: Project = {
    ...none,
    name: "@bootlayer/server",
    layer: "service",
    devDependencies: ["preact"],
    files,
  };
  expect(boundaryViolations([server])).toEqual([expect.stringContaining("apps/server/src/b.ts")]);
});
