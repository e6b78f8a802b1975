import type { ConstructorOptions, PgBoss } from "pg-boss";
import { databaseError } from "./notify.ts";

/** A schema of its own beside the catalogue's tables; recurring jobs are not used. */
export const bossOptions: ConstructorOptions = {
  schema: "pgboss",
  schedule: false,
  useListenNotify: true,
  // How soon a job whose worker gave no sign of life is given to another.
  superviseIntervalSeconds: 5,
  monitorIntervalSeconds: 5,
};

/** Installs or migrates its schema; servers that start at once wait for each other. @throws {ServerError} SERVER_DATABASE */
export async function startBoss(boss: PgBoss): Promise<void> {
  // What goes wrong in the background is tried again by itself; without a listener it would end the process.
  boss.on("error", () => {});
  try {
    await boss.start();
  } catch (cause) {
    throw databaseError("the queue cannot be set up", cause);
  }
}
