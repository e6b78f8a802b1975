/** Which project may import which: the arrows of docs/architecture.md, by the `layer:` tag in each package.json. */

export type Layer = "base" | "spec" | "part" | "builder" | "service" | "app" | "fixtures" | "tools";

const allowed: Readonly<Record<Layer, readonly Layer[]>> = {
  base: [],
  spec: ["base"],
  part: ["base", "spec"],
  builder: ["base", "spec", "part"],
  service: ["base", "spec", "builder"],
  app: ["base", "spec", "builder", "service"],
  fixtures: ["base", "spec"],
  tools: ["base", "spec", "part", "builder", "service", "app", "fixtures"],
};

/** Installed by nobody, or bundled: dependencies of development are there when their files run. */
const developed: ReadonlySet<Layer> = new Set<Layer>(["app", "fixtures", "tools"]);

/** Packages that people install alone for one format: nothing from outside may come along. */
const withoutOutsiders: ReadonlySet<string> = new Set([
  "@bootlayer/errors",
  "@bootlayer/durable-file",
  "@bootlayer/rootfs-tree",
  "@bootlayer/ext4-writer",
]);

export interface Project {
  readonly name: string;
  readonly layer: Layer;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  readonly files: readonly SourceFile[];
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** What bundles the page; the workspace itself has it. */
const bundler = "esbuild";

/** Everything that crosses a boundary it may not cross, a line each; none in a sound workspace. */
export function boundaryViolations(projects: readonly Project[]): string[] {
  const byName = new Map(projects.map((project) => [project.name, project]));
  return projects.flatMap((project) =>
    project.files.flatMap((file) => fileViolations(project, file, byName)),
  );
}

function fileViolations(
  project: Project,
  { path, text }: SourceFile,
  byName: ReadonlyMap<string, Project>,
): string[] {
  const isTest =
    path.endsWith(".test.ts") || path.endsWith("/vitest.config.ts") || /(^|\/)(integration|e2e)\//.test(path);
  // What is bundled needs its packages where it is built alone.
  const isBundled = path.startsWith("apps/server/page/");
  const violations: string[] = [];
  for (const specifier of importsOf(text)) {
    const at = `${path} imports ${specifier}`;
    if (specifier.startsWith("node:")) continue;
    if (specifier.startsWith(".")) {
      if (leavesProject(path, specifier)) violations.push(`${at}: another project's files, past its index`);
      continue;
    }
    const target = packageName(specifier);
    const declared =
      project.dependencies.includes(target) ||
      (isBundled && target === bundler) ||
      ((isTest || isBundled || developed.has(project.layer)) && project.devDependencies.includes(target));
    const imported = byName.get(target);
    if (!imported) {
      if (!isTest && withoutOutsiders.has(project.name))
        violations.push(`${at}: this package has no third-party imports`);
      if (!declared && !isTest) violations.push(`${at}: not among its dependencies`);
      continue;
    }
    const mayImport =
      allowed[project.layer].includes(imported.layer) ||
      (isTest && imported.layer === "fixtures" && !allowed.fixtures.includes(project.layer)) ||
      ((isTest || isBundled) && isOwnClient(project, imported));
    if (!mayImport) violations.push(`${at}: ${project.layer} may not import ${imported.layer}`);
    else if (!declared) violations.push(`${at}: not among its dependencies`);
  }
  return violations;
}

/** What speaks to a service from outside may test it, and be a part of its page. */
function isOwnClient(project: Project, imported: Project): boolean {
  return project.name === "@bootlayer/server" && imported.name === "@bootlayer/client";
}

function importsOf(text: string): string[] {
  const pattern =
    /^\s*(?:import|export)\s[^"'`;=()]*?\bfrom\s+["']([^"'\n]+)["']|^\s*import\s+["']([^"'\n]+)["']|\bimport\(\s*["']([^"'\n]+)["']/gm;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** `path` is relative to the workspace; a project's folder is its first one or two components. */
function leavesProject(path: string, specifier: string): boolean {
  const depth = /^(packages|apps)\//.test(path) ? 2 : 1;
  const inside = path.split("/").length - 1 - depth;
  const ups = specifier.split("/").filter((part) => part === "..").length;
  return ups > inside && !specifier.endsWith("/vitest.shared.ts");
}
