import type { FastifyInstance } from "fastify";

/** Which methods a path knows, so that the wrong one is told so (405) and OPTIONS is answered. */
export interface KnownPaths {
  /** Sorted, without OPTIONS; undefined for a path that the server knows nothing of. */
  methodsOf(path: string): readonly string[] | undefined;
}

/** Notes all routes that are registered from here on. */
export function noteKnownPaths(app: FastifyInstance): KnownPaths {
  const methods = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const name of [method].flat()) known.add(name);
    methods.set(url, known);
  });
  return {
    methodsOf(path) {
      const found = new Set<string>();
      for (const [url, known] of methods)
        if (patternOf(url).test(path)) for (const method of known) found.add(method);
      return found.size === 0 ? undefined : [...found].toSorted();
    },
  };
}

/** Fastify's `:name` is a part of a path, `*` all that follows. Asked only for requests that no route took. */
function patternOf(url: string): RegExp {
  const parts = url
    .split("/")
    .map((part) =>
      part.startsWith(":")
        ? "[^/]+"
        : part === "*"
          ? ".*"
          : part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`),
    );
  return new RegExp(`^${parts.join("/")}$`);
}
