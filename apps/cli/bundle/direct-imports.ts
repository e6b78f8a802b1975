import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Plugin } from "esbuild";

const packages = join(import.meta.dirname, "../../../packages");

interface Origin {
  readonly file: string;
  readonly name: string;
}

/**
 * An import from the face of one of our packages becomes one from the module that has the thing. Otherwise each command
 * would load every package whole: esbuild puts all that an index.ts leads to wherever the index.ts goes, even where its
 * package says that it has no side effects.
 */
export const directImports: Plugin = {
  name: "direct-imports",
  setup(build) {
    const faces = new Map<string, Promise<ReadonlyMap<string, Origin>>>();

    function faceOf(packageName: string): Promise<ReadonlyMap<string, Origin>> {
      const face = faces.get(packageName) ?? readFace(packageName);
      faces.set(packageName, face);
      return face;
    }

    async function readFace(packageName: string): Promise<ReadonlyMap<string, Origin>> {
      const source = join(packages, packageName, "src");
      const face = new Map<string, Origin>();
      for (const [, names = "", from = ""] of (await readFile(join(source, "index.ts"), "utf8")).matchAll(
        /^export \{([^}]*)\} from "([^"]+)";$/gm,
      )) {
        const other = packageOf(from);
        const others = other === undefined ? undefined : await faceOf(other);
        for (const { name, as } of values(names))
          face.set(as, others ? originIn(others, name, from) : { file: join(source, from), name });
      }
      return face;
    }

    build.onLoad({ filter: /\/(packages|apps)\/[^/]+\/src\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const parts: string[] = [];
      let end = 0;
      for (const match of text.matchAll(/^import \{([^}]*)\} from "(@bootlayer\/[^"/]+)";$/gm)) {
        const [statement, names = "", from = ""] = match;
        const face = await faceOf(packageOf(from) ?? "");
        const direct = values(names).map(({ name, as }) => {
          const origin = originIn(face, name, from);
          return `import { ${origin.name} as ${as} } from ${JSON.stringify(origin.file)};`;
        });
        // Statements stay on one line, so that those behind keep theirs.
        parts.push(text.slice(end, match.index), direct.join(" "));
        end = match.index + statement.length;
      }
      return { contents: parts.join("") + text.slice(end), loader: "ts", resolveDir: dirname(path) };
    });
  },
};

function packageOf(specifier: string): string | undefined {
  return /^@bootlayer\/([^/]+)$/.exec(specifier)?.[1];
}

/** Of `a, type B, c as d`, those that are there at run time. */
function values(names: string): { readonly name: string; readonly as: string }[] {
  return names
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "" && !part.startsWith("type "))
    .map((part) => {
      const [name = "", as = name] = part.split(" as ");
      return { name, as };
    });
}

function originIn(face: ReadonlyMap<string, Origin>, name: string, packageName: string): Origin {
  const origin = face.get(name);
  if (!origin) throw new Error(`${packageName} has no ${name}`);
  return origin;
}
