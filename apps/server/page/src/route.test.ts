import { expect, test } from "vitest";
import { parseRoute, routeHash, type Route } from "./route.ts";

test.each<Route>([
  { view: "build", id: "0190-a" },
  { view: "builds", filter: {} },
  { view: "builds", filter: { state: "active" } },
  { view: "builds", filter: { state: "failed", format: "ext4", source: "alpine & co", cursor: "a/b" } },
])("an address leads back to what it was made of: %j", (route) => {
  expect(parseRoute(routeHash(route))).toEqual(route);
});

test.each(["", "#", "#/", "#/builds/", "#/builds/a/b", "#/?state=unknown&format=iso"])(
  "%j is the list of all builds",
  (hash) => {
    expect(parseRoute(hash)).toEqual({ view: "builds", filter: {} });
  },
);
