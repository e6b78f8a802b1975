import * as z from "zod";
import type { ServerContext } from "../../server-context.ts";
import { json, problems } from "../answers.ts";
import type { App } from "../app.ts";
import { ServerError } from "../../errors.ts";

const tags = ["server"];
const okSchema = z.object({ status: z.literal("ok") }).meta({ id: "Health" });
const patienceMilliseconds = 5000;

export function healthRoutes(app: App, { database, artifacts, draining }: ServerContext): void {
  app.get(
    "/healthz",
    {
      config: { scope: "none" },
      logLevel: "warn",
      schema: {
        tags,
        operationId: "getHealth",
        summary: "Whether the process lives",
        response: { 200: json("It does", okSchema), ...problems() },
      },
    },
    async () => ({ status: "ok" as const }),
  );

  app.get(
    "/readyz",
    {
      config: { scope: "none" },
      logLevel: "warn",
      schema: {
        tags,
        operationId: "getReadiness",
        summary:
          "Whether requests may be sent here: database and artifact store answer, and it is not being stopped",
        response: { 200: json("They may", okSchema), ...problems(502) },
      },
    },
    async () => {
      if (draining.aborted)
        throw new ServerError("SERVER_STOPPING", "the server is being stopped", "ask another one");
      await inTime(database.ping(), "SERVER_DATABASE", "the database");
      await inTime(artifacts.check(), "ARTIFACT_STORE", "the artifact store");
      return { status: "ok" as const };
    },
  );
}

async function inTime(
  answer: Promise<unknown>,
  code: "SERVER_DATABASE" | "ARTIFACT_STORE",
  who: string,
): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new ServerError(code, `${who} does not answer in time`, "see the server's log")),
    patienceMilliseconds,
  );
  try {
    await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}
