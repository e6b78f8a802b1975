/**
 * What a token may do: see builds, disks and images (`read`), ask for builds and end them (`build`), push images (`push`), all of that
 * and what concerns the server itself (`admin`). None but `admin` includes another.
 */
export const scopes = ["read", "build", "push", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** What a route asks of a token: this scope, one of these, or nothing at all. */
export type RouteScope = Scope | "none" | readonly Scope[];

/** Whether a token with the scopes `held` may use a route. */
export function allows(held: readonly Scope[], route: Exclude<RouteScope, "none">): boolean {
  const wanted: readonly Scope[] = typeof route === "string" ? [route] : route;
  return held.includes("admin") || wanted.some((scope) => held.includes(scope));
}
