import { GuestAgentError } from "../errors.ts";
import { resolveUser, type ResolvedUser } from "../passwd.ts";
import { getFile } from "./guest-file.ts";
import type { AgentSession } from "./session.ts";

/** Far beyond any passwd file, far below what a guest could fill this machine's memory with. */
const maxFileSize = 16 * 2 ** 20;

/**
 * A user as a Dockerfile's USER names it, by the guest's own files; those may be missing, as in images without users.
 *
 * @throws {GuestError} GUEST_USER, GUEST_GROUP
 */
export async function findUser(
  session: AgentSession,
  user: string,
  signal: AbortSignal | undefined,
): Promise<ResolvedUser> {
  const [passwd, group] = await Promise.all([
    readSmallFile(session, "/etc/passwd", signal),
    readSmallFile(session, "/etc/group", signal),
  ]);
  return resolveUser(user, passwd, group);
}

async function readSmallFile(
  session: AgentSession,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  try {
    const { content } = await getFile(session, path, signal);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of content as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxFileSize)
        throw new GuestAgentError(
          "GUEST_AGENT_PROTOCOL",
          `the guest's ${path} has more than ${maxFileSize} bytes`,
          "name the user by numbers",
        );
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof GuestAgentError && error.refusal === "not-found") return undefined;
    throw error;
  }
}
