import type { BuildState } from "@bootlayer/client";
import { buildStates } from "../../src/catalogue/build.ts";
import { useEffect, useState } from "preact/hooks";

/** What the page shows is in the address behind `#`, so the server knows one page, and a reload or a bookmark shows the same. */
export type Route =
  | { readonly view: "builds"; readonly filter: BuildFilter }
  | { readonly view: "build"; readonly id: string };

export interface BuildFilter {
  readonly state?: BuildState | "active" | undefined;
  readonly source?: string | undefined;
  readonly format?: "ext4" | "squashfs" | undefined;
  /** Where a page of the list begins, as the server wrote it. */
  readonly cursor?: string | undefined;
}

export function parseRoute(hash: string): Route {
  const [, path = "", query = ""] = /^#?([^?]*)\??(.*)$/s.exec(hash) ?? [];
  const [, id] = /^\/builds\/([^/]+)$/.exec(path) ?? [];
  if (id !== undefined) return { view: "build", id };
  const values = new URLSearchParams(query);
  const state = values.get("state");
  const format = values.get("format");
  return {
    view: "builds",
    filter: {
      state: state === "active" ? state : buildStates.find((known) => known === state),
      source: values.get("source") || undefined,
      format: format === "ext4" || format === "squashfs" ? format : undefined,
      cursor: values.get("cursor") || undefined,
    },
  };
}

export function routeHash(route: Route): string {
  if (route.view === "build") return `#/builds/${route.id}`;
  const query = new URLSearchParams(
    Object.entries(route.filter).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
  return query.size === 0 ? "#/" : `#/?${query}`;
}

export function goTo(route: Route): void {
  location.hash = routeHash(route);
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const update = (): void => setHash(location.hash);
    addEventListener("hashchange", update);
    return () => removeEventListener("hashchange", update);
  }, []);
  return parseRoute(hash);
}
