import type { ServerContext } from "../../server-context.ts";
import type { App } from "../app.ts";

export function documentRoutes(app: App, _context: ServerContext): void {
  app.get(
    "/v1/openapi.json",
    { config: { scope: "none" }, schema: { hide: true } },
    async (_request, reply) => reply.type("application/json").serializer(JSON.stringify).send(app.swagger()),
  );
}
